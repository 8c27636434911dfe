//! Policies that differ in what one device may do, and in everything that must make no difference to the others.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use xiot_tests::generate::Dice;

/// The device whose conversations every policy allows.
pub(super) const STEADY: [u8; 6] = [0x02, 0, 0, 0, 0x30, 0x0c];
/// The device of which policies say different things.
pub(super) const CHANGING: [u8; 6] = [0x02, 0, 0, 0, 0x30, 0x0d];
/// Its address.
pub(super) const CHANGING_IP: [u8; 4] = [10, 30, 1, 13];
/// UDP ports of the server that it may reach under some of them.
pub(super) const PORTS: [u16; 4] = [8001, 8002, 8003, 8004];

/// Devices beside these two, at most.
const OTHERS: usize = 300;

/// What a policy says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Policy {
    /// Which of [`PORTS`] are open.
    pub(super) open: [bool; PORTS.len()],
    others: usize,
    /// Devices, profiles and rules come in the other order.
    reversed: bool,
    /// So that no two are the same text.
    number: u64,
}

impl Policy {
    pub(super) fn first() -> Self {
        Self {
            open: [true, false, true, false],
            others: 0,
            reversed: false,
            number: 0,
        }
    }

    pub(super) fn throw(dice: &mut Dice, number: u64) -> Self {
        Self {
            open: [(); PORTS.len()].map(|()| dice.percent(50)),
            others: dice.below(OTHERS),
            reversed: dice.percent(50),
            number,
        }
    }

    /// The file.
    pub(super) fn text(&self) -> String {
        let order = |mut lines: Vec<String>| {
            if self.reversed {
                lines.reverse();
            }
            lines.concat()
        };
        let mut rules = vec!["      - {to: server, icmp: echo-request}\n".to_owned()];
        rules.extend(
            PORTS
                .iter()
                .zip(self.open)
                .filter(|(_, open)| *open)
                .map(|(port, _)| format!("      - {{to: server, udp: {port}}}\n")),
        );
        let profiles = order(vec![
            "  pump:
    limits: {new-flows: 1000000}
    timeouts: {udp-replied: 30s}
    allow:
      - {to: server, udp: 7, tcp: 3613}
      - {from: server, udp: 161}\n"
                .to_owned(),
            format!("  scanner:\n    allow:\n{}", order(rules)),
            format!(
                "  other:\n    allow:\n      - {{to: server, tcp: {}}}\n",
                1000 + self.number % 1000
            ),
        ]);
        let mut devices = vec![
            device("pump-1", STEADY, "[10.30.1.12, \"fd00:30::c\"]", "pump"),
            device("scanner-1", CHANGING, "10.30.1.13", "scanner"),
        ];
        devices.extend((0..self.others).map(|n| {
            let [.., high, low] = n.to_be_bytes();
            let profile = if n % 2 == 0 { "other" } else { "scanner" };
            let ip = format!("10.31.{high}.{low}");
            device(&format!("other-{n}"), [2, 0, 0, 1, high, low], &ip, profile)
        }));
        let mut text = format!("# {}\nonboarding: enforce\n", self.number);
        write!(
            text,
            "peer_sets:\n  server: [10.30.1.1, \"fd00:30::1\"]\nprofiles:\n{profiles}devices:\n{}",
            order(devices)
        )
        .unwrap();
        text
    }
}

fn device(name: &str, mac: [u8; 6], ip: &str, profile: &str) -> String {
    let mac = mac.map(|byte| format!("{byte:02x}")).join(":");
    format!("  - {{name: {name}, mac: \"{mac}\", ip: {ip}, profile: {profile}, mode: enforce}}\n")
}

/// A file that can't be used, in one of many ways.
pub(super) fn bad(dice: &mut Dice, policy: &Policy) -> String {
    let text = policy.text();
    match dice.below(6) {
        0 => String::new(),
        1 => text.replace("udp: 7", "upd: 7"),
        2 => text.replace("profile: scanner", "profile: scaner"),
        3 => text.replace("onboarding: enforce\n", ""),
        4 => format!("{text}devices: []\n"),
        _ => text.replace("[10.30.1.1, ", "[10.30.1.256, "),
    }
}

/// SHA-256 of a file in hexadecimal.
pub(super) fn sha256(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}
