//! The wires with their guards: at levels that let some traffic through, and stop some.

use xiot_agent::model::{
    gateway::{FailMode, Wire},
    guard::{Guards, Level},
};

use super::{
    dice::Dice,
    world::{ETHERTYPES, WIRES},
};

/// The wires without guards.
pub fn wires() -> Vec<Wire> {
    WIRES.map(bare).to_vec()
}

/// A wire without guards.
fn bare(name: &str) -> Wire {
    Wire {
        name: name.to_owned(),
        device: String::new(),
        uplink: Some(String::new()),
        fail: FailMode::Closed,
        guards: Guards::all(Level::Off),
        ethertypes: Vec::new(),
    }
}

/// The same with guards and Ethernet types by chance.
pub(super) fn wirings(dice: &mut Dice) -> Vec<Wire> {
    let mut wires = wires();
    for wire in &mut wires {
        if dice.percent(60) {
            wire.guards = guards(dice);
        }
        if dice.percent(40) {
            wire.ethertypes = (0..dice.pick(&[1, 2, 16]))
                .map(|_| dice.pick(&ETHERTYPES))
                .filter(|kind| *kind >= 0x0600)
                .collect();
            wire.ethertypes.dedup();
        }
    }
    wires
}

/// Another level for one guard of the first wire, mostly one that flows know.
pub(super) fn change_one(dice: &mut Dice, wires: &mut [Wire]) {
    let guards = &mut wires[0].guards;
    let guard = match dice.below(12) {
        10 => &mut guards.dhcp_client,
        11 => &mut guards.router,
        0 | 1 => &mut guards.source,
        2 => &mut guards.mac,
        3 => &mut guards.dhcp_server,
        4 => &mut guards.bpdu,
        5 => &mut guards.group,
        6 => &mut guards.arp,
        7 | 8 => &mut guards.binding,
        _ => &mut guards.claim,
    };
    *guard = dice.pick(&[Level::Off, Level::Monitor, Level::Enforce]);
}

fn guards(dice: &mut Dice) -> Guards {
    if dice.percent(20) {
        let levels = [Level::Off, Level::Monitor, Level::Enforce];
        return Guards {
            binding: dice.pick(&levels),
            ..Guards::all(dice.pick(&levels[1..]))
        };
    }
    let mut level = || {
        dice.pick(&[
            Level::Off,
            Level::Off,
            Level::Monitor,
            Level::Monitor,
            Level::Enforce,
        ])
    };
    Guards {
        group: level(),
        mac: level(),
        source: level(),
        arp: level(),
        nd: level(),
        dhcp_server: level(),
        dhcp_client: level(),
        router: level(),
        bpdu: level(),
        claim: level(),
        binding: level(),
    }
}
