//! Copies of messages: what is copied, for whom, and how much of it.

use xiot_agent::{
    collect::{CopyCount, CopyStream},
    compile::{self, Assignment},
    datapath::Datapath,
    model::policy::{Mode, Policy},
};
use xiot_common::{
    copy::{COPIES_PER_DEVICE, COPY_BYTES, CopyKind},
    port::Side,
};
use xiot_tests::{
    frame::{dns, frame, lease},
    ward::{BROADCAST, ROUTER, STRANGER},
};

use crate::image::small;

/// Day one: nobody is listed, and no server is.
fn loaded() -> Datapath {
    let mut datapath = Datapath::load(&small()).expect("the program loads");
    let policy = Policy {
        onboarding: Mode::Learn,
        ..Policy::default()
    };
    let capacity = datapath.capacity();
    let limits = compile::Limits {
        slot_lines: capacity.slot_lines,
        devices: capacity.devices,
        rules: capacity.rules,
    };
    let ids = Assignment::fresh(&policy);
    let image = compile::compile(&policy, &[], &limits, &ids, 1, 0).expect("it compiles");
    datapath.apply(&image).expect("the policy fits");
    datapath
}

fn asks() -> Vec<u8> {
    let frame = frame(STRANGER, ROUTER).ip("10.0.0.99", "10.0.0.53");
    frame.udp(5353, 53).build()
}

fn answers(message: &[u8]) -> Vec<u8> {
    let frame = frame(ROUTER, STRANGER).ip("10.0.0.53", "10.0.0.99");
    frame.datagram(53, 5353, message).build()
}

#[tokio::test]
async fn messages_that_say_what_a_device_is_are_copied_while_somebody_wants_them() {
    let mut datapath = loaded();
    let run = |datapath: &mut Datapath, side, frame: &[u8]| {
        datapath.test_run(side, frame).expect("the program runs");
    };
    let answer = dns::answer("cloud.example", &["192.0.2.7".parse().unwrap()]);
    run(&mut datapath, Side::Device, &asks());
    run(&mut datapath, Side::Uplink, &answers(&answer));
    let mut stream = CopyStream::open(&datapath).unwrap();
    // Nobody asked for this one.
    let unasked = frame(ROUTER, STRANGER).ip("10.0.0.54", "10.0.0.99");
    let unasked = unasked.datagram(53, 5353, &answer).build();
    run(&mut datapath, Side::Uplink, &unasked);
    run(&mut datapath, Side::Uplink, &answers(&answer));
    let request = lease::request(STRANGER, [0, 0, 0, 0].into());
    let discover = frame(STRANGER, BROADCAST).ip("0.0.0.0", "255.255.255.255");
    run(
        &mut datapath,
        Side::Device,
        &discover.datagram(68, 67, &request).build(),
    );
    let lldp = frame(STRANGER, [0x01, 0x80, 0xc2, 0, 0, 0x0e]).tagged(30);
    let lldp = lldp.other(0x88cc, &[2; 46]).build();
    run(&mut datapath, Side::Device, &lldp);
    let long = vec![0; COPY_BYTES + 1];
    run(&mut datapath, Side::Uplink, &answers(&long));

    let read = stream.next().await.unwrap();
    assert_eq!(read.malformed, 0);
    let found: Vec<_> = read
        .messages
        .iter()
        .map(|it| (it.kind, &it.bytes[..], it.is_cut))
        .collect();
    assert_eq!(
        found,
        [
            (CopyKind::DnsAnswer, &answer[..], false),
            (CopyKind::DhcpRequest, &request[..], false),
            (CopyKind::Lldp, &lldp[..], false),
            (CopyKind::DnsAnswer, &long[..COPY_BYTES], true),
        ]
    );
    assert!(read.messages.iter().all(|it| it.mac == STRANGER));
    assert_eq!(read.messages[2].vlans, (30, 0));

    drop(stream);
    let mut stream = CopyStream::open(&datapath).unwrap();
    for _ in 0..3 * COPIES_PER_DEVICE {
        run(&mut datapath, Side::Uplink, &answers(&answer));
    }
    let count = stream.count().unwrap();
    let more = u64::from(3 * COPIES_PER_DEVICE);
    assert_eq!(count.sent + count.suppressed, 4 + more);
    assert!(count.suppressed > 0 && count.lost == 0);
    let read = stream.next().await.unwrap();
    assert_eq!(read.messages.len() as u64, count.sent - 4);
    assert_ne!(count, CopyCount::default());
}
