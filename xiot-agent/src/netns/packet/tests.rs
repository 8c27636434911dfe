//! Frames of every shape and length, and what is not there.

use std::time::{Duration, Instant};

use super::{PacketSocket, RECEIVE_BUFFER};
use crate::netns::{
    link::{End, veth},
    name,
    namespace::Namespace,
};

const TO: [u8; 6] = [2, 0, 0, 0, 0, 2];
const FROM: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn frame(tags: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = [TO.as_slice(), FROM.as_slice(), tags, &[0x88, 0xb5]].concat();
    let payload = length.saturating_sub(bytes.len());
    bytes.extend((0..payload).map(|i| u8::try_from(i % 251).unwrap()));
    bytes
}

/// Two namespaces with a wire between them, which takes frames of 9,000 bytes.
fn pair() -> [Namespace; 2] {
    let number = name::next_number();
    let [a, b] = ["a", "b"].map(|n| Namespace::create(&name::of_run(number, n)).expect("root"));
    let end = |namespace, mac| End {
        namespace,
        interface: "eth0",
        mac,
    };
    veth([end(&a, FROM), end(&b, TO)], 9000).expect("a wire");
    [a, b]
}

#[test]
fn frames_arrive_as_they_were_sent_tags_included() {
    let [a, b] = pair();
    let sender = PacketSocket::open(&a, "eth0").unwrap();
    let witness = PacketSocket::open(&a, "eth0").unwrap();
    let receiver = PacketSocket::open(&b, "eth0").unwrap();
    let frames = [
        frame(&[], 14),
        frame(&[], 60),
        frame(&[0x81, 0x00, 0x20, 0x1e], 64),
        frame(&[0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0x00, 0x1e], 68),
        frame(&[0x88, 0xa8, 0x0f, 0xff], 64),
        frame(&[], 9014),
    ];
    let deadline = Instant::now() + Duration::from_secs(10);
    for frame in &frames {
        sender.send(frame).unwrap();
        let captured = loop {
            let captured = receiver.receive(deadline).unwrap().expect("a frame");
            // The kernels of both ends may talk IPv6 meanwhile.
            if captured.bytes.starts_with(&TO) {
                break captured;
            }
        };
        assert_eq!(captured.bytes, *frame);
        assert!(!captured.outgoing);
    }
    let seen_leaving = loop {
        let frame = witness
            .receive(deadline)
            .unwrap()
            .expect("a frame that left");
        if frame.bytes.starts_with(&TO) {
            break frame;
        }
    };
    assert!(seen_leaving.outgoing);
    assert_eq!(seen_leaving.bytes, frames[0]);
    let past = Instant::now();
    while receiver.receive(past).unwrap().is_some() {}
}

#[test]
fn frames_of_another_length_need_not_be_read() {
    let [a, b] = pair();
    let sender = PacketSocket::open(&a, "eth0").unwrap();
    let receiver = PacketSocket::open(&b, "eth0").unwrap();
    receiver.keep_length(333).unwrap();
    let frames = [332, 333, 334, 1500, 333].map(|length| frame(&[], length));
    for frame in &frames {
        sender.send(frame).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    let next = || receiver.receive(deadline).unwrap().expect("a frame").bytes;
    assert_eq!([next(), next()], [frames[1].clone(), frames[4].clone()]);
    assert_eq!(receiver.receive(Instant::now()).unwrap(), None);
}

#[test]
fn frames_that_found_no_room_are_an_error_once() {
    let [a, _b] = pair();
    let sender = PacketSocket::open(&a, "eth0").unwrap();
    let witness = PacketSocket::open(&a, "eth0").unwrap();
    let long = frame(&[], 9014);
    for _ in 0..2 * usize::try_from(RECEIVE_BUFFER).unwrap() / long.len() {
        sender.send(&long).unwrap();
    }
    let past = Instant::now();
    let seen = std::iter::from_fn(|| witness.receive(past).transpose());
    let errors: Vec<_> = seen.filter_map(Result::err).take(2).collect();
    let [error] = &errors[..] else {
        panic!("{errors:?}");
    };
    let said = error.to_string();
    assert!(said.contains("eth0 had no room for "), "{said}");
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    let namespace = Namespace::create(&name::of_run(name::next_number(), "none")).unwrap();
    let error = PacketSocket::open(&namespace, "eth7").unwrap_err();
    assert!(error.to_string().contains("eth7"), "{error}");
}
