//! Broadcast storms: what is beyond the limits costs who sends it.

use std::time::Instant;

use xiot_tests::frame::{Frame, Mac, frame};

use super::{ALL, CART, WARD};
use crate::{
    attempt::Attempt,
    bystander::{ARCHIVE, MONITOR},
    frames::{PUMP, PUMP4, STRANGER},
    ground::{Deed, Site, by_device, perform_at},
};

#[test]
fn storms() {
    let site = Site {
        gateway: "grace: 0s\nlimits: {group-frames-per-sender: 100, group-frames-per-port: 800}\n",
        ..WARD
    };
    perform_at(&site, "guards::storms::storms", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("storm-broadcast", broadcast),
    by_device("storm-multicast", multicast),
    by_device("storm-arp", arp),
    by_device("storm-macs", macs),
];

/// Frames to groups in one second: of a device, and of a port.
const OF_SENDER: u64 = 100;
const OF_PORT: u64 = 800;
const STORM: u16 = 4000;

/// Sends a storm, while another device opens conversations and asks all for somebody. Gives back what arrived of the storm, and
/// in how many seconds at most.
fn storm(a: &mut Attempt<'_>, one: impl Fn(u16) -> Frame) -> (u64, u64) {
    let begun = Instant::now();
    for number in 0..STORM {
        a.maybe(one(number));
        if number % 1000 == 0 {
            a.ground.bystander.opens_another();
        }
    }
    a.settle();
    let seconds = begun.elapsed().as_secs() + 2;
    (a.arrived.len() as u64, seconds)
}

/// Another device's broadcast: it has a limit of its own.
fn asks(a: &mut Attempt<'_>) {
    for last in [2, 3] {
        a.through(frame(MONITOR, ALL).arp([10, 30, 1, 13].into(), [10, 30, 1, last].into()));
    }
}

/// Some arrived, and no more than the limit of each second.
#[track_caller]
fn is_within((arrived, seconds): (u64, u64), limit: u64) {
    let range = 1..=limit * seconds;
    assert!(range.contains(&arrived), "{arrived} in {seconds} s");
}

fn broadcast(a: &mut Attempt<'_>) {
    let came = storm(a, |number| {
        frame(PUMP, ALL)
            .ip(PUMP4, "10.30.1.255")
            .udp(10_000 + number, 137)
    });
    is_within(came, OF_SENDER);
    asks(a);
}

fn multicast(a: &mut Attempt<'_>) {
    let came = storm(a, |number| {
        let [high, low] = number.to_be_bytes();
        let mac = [0x01, 0, 0x5e, 1, high, low];
        let group = format!("239.1.{high}.{low}");
        frame(STRANGER, mac)
            .ip("10.30.1.66", &group)
            .udp(5000, 5000)
    });
    is_within(came, OF_SENDER);
    asks(a);
}

fn arp(a: &mut Attempt<'_>) {
    let came = storm(a, |number| {
        let [high, low] = number.to_be_bytes();
        frame(CART, ALL).arp([10, 30, 1, 18].into(), [10, 30, high, low].into())
    });
    is_within(came, OF_SENDER);
    asks(a);
}

fn nobody(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    [0x02, 0, 0, 0x78, high, low]
}

fn macs(a: &mut Attempt<'_>) {
    let came = storm(a, |number| {
        frame(nobody(number), ALL)
            .ip("0.0.0.0", "255.255.255.255")
            .udp(137, 137)
    });
    is_within(came, OF_PORT);
    // Conversations of others are none of this limit.
    a.ground.bystander.opens_another();
    a.through(
        frame(MONITOR, ARCHIVE)
            .ip("10.30.1.13", "10.30.1.3")
            .udp(9, 9),
    );
}
