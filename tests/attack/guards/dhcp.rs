//! Servers that give others wrong addresses, and clients that leave none for others.

use std::time::{Duration, Instant};

use xiot_tests::{
    frame::{Frame, Mac, frame},
    net::{dnsmasq::dnsmasq, rig::HOST_PORT},
    until::{is_slow, until},
};

use super::{ALL, Victim, WARD};
use crate::{
    attempt::{Attempt, tool},
    frames::{PUMP, PUMP4, PUMP6, STRANGER, datagram},
    ground::{Deed, Site, by_device, perform_at},
};

#[test]
fn dhcp() {
    let gateway = format!(
        "grace: 0s\nlimits: {{group-frames-per-port: {}}}\n",
        of_port()
    );
    let site = Site {
        gateway: &gateway,
        ..WARD
    };
    perform_at(&site, "guards::dhcp::dhcp", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("dhcp-server", server),
    by_device("dhcp-rogue", rogue),
    by_device("dhcp-server-six", server_six),
    by_device("dhcp-release", release),
    by_device("dhcp-starvation", starvation),
    by_device("dhcp-starvation-macs", starvation_macs),
    by_device("dhcp-starvation-tool", starvation_tool),
];

/// Last byte of the address of who is attacked in the core, and in the ward.
const IN_CORE: u8 = 5;
const IN_WARD: u8 = 16;

/// Frames to groups in one second of a port: fewer than a flood sends.
fn of_port() -> usize {
    if is_slow() { 30 } else { 300 }
}

/// Of a message: who asks, and what is answered.
const OFFER: u8 = 2;
const ACK: u8 = 5;
const NAK: u8 = 6;

/// A DHCP message of a client with this hardware address.
fn dhcp_message(operation: u8, kind: u8, client: Mac) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[..3].copy_from_slice(&[operation, 1, 6]);
    bytes[4..8].copy_from_slice(&client[2..]);
    bytes[10] = 0x80;
    bytes[16..20].copy_from_slice(&[10, 66, 0, 66]);
    bytes[28..34].copy_from_slice(&client);
    bytes[236..240].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    bytes.extend([
        53, 1, kind, 51, 4, 0, 0, 0x0e, 0x10, 3, 4, 10, 30, 1, 12, 255,
    ]);
    bytes
}

fn udp(link: [Mac; 2], ends: [&str; 2], ports: [u16; 2], payload: &[u8]) -> Frame {
    let length = 8 + payload.len();
    let mut bytes = datagram(ports[0], ports[1], u16::try_from(length).unwrap(), 8);
    bytes.extend(payload);
    frame(link[0], link[1])
        .ip(ends[0], ends[1])
        .protocol(17, &bytes)
}

fn server(a: &mut Attempt<'_>) {
    let client = [0x02, 0, 0, 0, 0x30, IN_CORE];
    for kind in [OFFER, ACK, NAK] {
        let answer = dhcp_message(2, kind, client);
        // To all and to one, and from and to ports that clients listen on all the same.
        for (mac, to) in [(ALL, "255.255.255.255"), (client, "10.66.0.66")] {
            for ports in [[67, 68], [6767, 68], [67, 67], [67, 6868]] {
                a.lost(udp([PUMP, mac], [PUMP4, to], ports, &answer));
                a.lost(udp([STRANGER, mac], ["10.30.1.66", to], ports, &answer));
            }
        }
        let options = frame(PUMP, ALL)
            .ip(PUMP4, "255.255.255.255")
            .options(&[148, 4, 0, 0]);
        let length = u16::try_from(8 + answer.len()).unwrap();
        let whole = [datagram(67, 68, length, 8), answer].concat();
        a.lost(options.protocol(17, &whole));
        // In fragments.
        let first = frame(PUMP, ALL)
            .ip(PUMP4, "255.255.255.255")
            .identification(kind.into());
        a.lost(first.fragment(0, true).protocol(17, &whole[..128]));
    }
}

/// What a client says that asks twice.
fn asks(client: &Victim) -> String {
    tool(
        &client.0,
        "udhcpc",
        &format!("-i {HOST_PORT} -f -q -n -t 2 -T 1 -s /bin/true"),
    )
}

fn rogue(a: &mut Attempt<'_>) {
    let client = Victim::beside(&a.ground.rig.uplink, IN_CORE);
    client.0.forget_ipv4();
    let attacker = a.attacker();
    attacker.ip(&format!("address add {PUMP4}/24 dev {HOST_PORT}"));
    let rogue = dnsmasq(
        attacker,
        &["--dhcp-range=10.30.1.220,10.30.1.220,255.255.255.0,1h"],
    );
    let before = a.sent_so_far();
    until("an answer of the rogue server", || {
        let said = asks(&client);
        assert!(!said.contains("10.30.1.220"), "{said}");
        assert!(said.contains("no lease"), "{said}");
        (a.sent_so_far() > before).then_some(())
    });
    drop(rogue);
    attacker.forget_ipv4();
}

fn server_six(a: &mut Attempt<'_>) {
    let client = [0x02, 0, 0, 0, 0x30, IN_CORE];
    // Advertise, reply and reconfigure.
    for kind in [2, 7, 10] {
        let answer = [kind, 1, 2, 3, 0, 2, 0, 4, 9, 9, 9, 9];
        for own in ["fe80::c", PUMP6] {
            for ports in [[547, 546], [5470, 546], [547, 547], [547, 5460]] {
                a.lost(udp([PUMP, client], [own, "fe80::5"], ports, &answer));
                let all = [0x33, 0x33, 0, 1, 0, 2];
                a.lost(udp([PUMP, all], [own, "ff02::1:2"], ports, &answer));
            }
        }
    }
}

/// Gives back what another has, under that one's hardware address and under its own.
fn release(a: &mut Attempt<'_>) {
    const RELEASE: u8 = 7;
    let other = [0x02, 0, 0, 0, 0x30, IN_WARD];
    for (client, has) in [(other, [10, 30, 1, 200]), (PUMP, [10, 30, 1, 13])] {
        let mut message = dhcp_message(1, RELEASE, client);
        message[12..16].copy_from_slice(&has);
        for to in ["255.255.255.255", "10.30.1.5"] {
            a.lost(udp([PUMP, ALL], [PUMP4, to], [68, 67], &message));
        }
    }
}

/// Asks for an address for a client that does not exist.
fn discover(sender: Mac, client: Mac) -> Frame {
    let ends = ["0.0.0.0", "255.255.255.255"];
    udp([sender, ALL], ends, [68, 67], &dhcp_message(1, 1, client))
}

/// A client that exists only here.
fn nobody(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    [0x02, 0, 0, 0x77, high, low]
}

fn is_of_nobody(frame: &[u8]) -> bool {
    frame.get(6..10) == Some(&nobody(0)[..4])
}

/// The real server, and a device that asks it while others do: it gets its address.
fn starving(a: &mut Attempt<'_>, mut attack: impl FnMut(&mut Attempt<'_>)) {
    let core = Victim::beside(&a.ground.rig.uplink, IN_CORE);
    let server = dnsmasq(
        &core.0,
        &["--dhcp-range=10.30.1.200,10.30.1.250,255.255.255.0,1h"],
    );
    let client = Victim::beside(&a.ground.rig.device, IN_WARD);
    client.0.forget_ipv4();
    attack(a);
    until("a lease of another device", || {
        asks(&client).contains("lease of 10.30.1.2").then_some(())
    });
    drop(server);
}

fn is_discover(frame: &[u8]) -> bool {
    frame.get(34..38) == Some(&[0, 68, 0, 67])
}

fn starvation(a: &mut Attempt<'_>) {
    a.permit(is_discover);
    starving(a, |a| {
        for number in 0..3000 {
            a.lost(discover(PUMP, nobody(number)));
        }
    });
}

fn starvation_macs(a: &mut Attempt<'_>) {
    a.permit(is_discover);
    let begun = Instant::now();
    starving(a, |a| {
        for number in 0..3000 {
            a.maybe(discover(nobody(number), nobody(number)));
        }
    });
    a.settle();
    let seconds = begun.elapsed().as_secs() + 2;
    // What the listed client asks is not of the port's budget.
    let arrived = a.arrived.iter().filter(|frame| is_of_nobody(frame)).count();
    assert!(
        arrived >= of_port(),
        "{arrived} of a budget of {}",
        of_port()
    );
    let most = of_port() * usize::try_from(seconds).unwrap();
    assert!(arrived <= most, "{arrived} in {seconds} s");
}

fn starvation_tool(a: &mut Attempt<'_>) {
    a.permit(is_discover);
    starving(a, |a| {
        // What the attack before has left of its last second is not enough.
        let before = Instant::now();
        until("a second of its own", || {
            (before.elapsed() > Duration::from_millis(1100)).then_some(())
        });
        let how = format!("dhcp -attack 1 -interface {HOST_PORT}");
        let before = a.sent_so_far();
        let tool = a.start_tool("yersinia", &how);
        until("a flood", || {
            (a.sent_so_far() > before + 1500).then_some(())
        });
        drop(tool);
    });
}
