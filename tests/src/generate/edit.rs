//! Edits of a policy, as an operator makes them. What comes out compiles if what goes in does.

use std::{net::IpAddr, time::Duration};

use xiot_agent::model::{
    list::List,
    policy::{Initiator, Mode, Policy},
};

use super::{
    dice::Dice,
    policy::part_uplink,
    times,
    world::{HOSTS, LISTABLE, VLANS, WIRES, device_mac, home},
};

/// An edit: the same seed does the same to the same policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Edit(pub u64);

impl Edit {
    /// The policy after it: one thing is different, or a few.
    pub fn apply(self, policy: &Policy) -> Policy {
        let mut dice = Dice::new(self.0);
        let mut policy = policy.clone();
        for _ in 0..dice.pick(&[1, 1, 1, 2, 4]) {
            change(&mut dice, &mut policy);
        }
        number(&mut policy);
        part_uplink(&mut policy);
        policy
    }
}

/// Rule ids are numbers in file order.
fn number(policy: &mut Policy) {
    let rules = policy
        .profiles
        .iter_mut()
        .flat_map(|profile| &mut profile.rules);
    for (id, rule) in (1..).zip(rules) {
        rule.id = id;
    }
}

fn change(dice: &mut Dice, policy: &mut Policy) {
    match dice.below(24) {
        22 => policy.uplink_addresses = (0..dice.below(4)).map(|_| address(dice)).collect(),
        23 => policy.holidays = times::holidays(dice),
        20 => rule_times(dice, policy),
        21 => policy.time_zone = times::zone(dice),
        0 => rename(dice, policy),
        1 => shuffle(dice, &mut policy.devices),
        2 => {
            let profile = dice.below(policy.profiles.len());
            shuffle(dice, &mut policy.profiles[profile].rules);
        }
        3..6 => rules(dice, policy),
        6 => policy.onboarding = mode(dice),
        7 => {
            policy.default_profile = dice.percent(70).then(|| dice.below(policy.profiles.len()));
        }
        8 => timeouts(dice, policy),
        9 => {
            let profile = dice.below(policy.profiles.len());
            let limits = &mut policy.profiles[profile].limits;
            limits.new_flows = dice.pick(&[1, 3, 500]);
            limits.fragments = dice.pick(&[1, 3, 512]);
        }
        10 => services(dice, policy),
        // Nothing: the same policy once more.
        11 => {}
        12 => list(dice, policy),
        _ => device(dice, policy),
    }
}

/// One rule gets other times.
fn rule_times(dice: &mut Dice, policy: &mut Policy) {
    let profile = dice.below(policy.profiles.len());
    let rules = &mut policy.profiles[profile].rules;
    if !rules.is_empty() {
        let rule = dice.below(rules.len());
        rules[rule].times = times::times(dice);
    }
}

fn rename(dice: &mut Dice, policy: &mut Policy) {
    let mark = dice.byte();
    for profile in &mut policy.profiles {
        profile.name = format!("{}-{mark}", profile.name);
        for rule in &mut profile.rules {
            rule.note = Some(format!("{mark}"));
        }
    }
    for device in &mut policy.devices {
        device.name = format!("{}-{mark}", device.name);
    }
}

fn rules(dice: &mut Dice, policy: &mut Policy) {
    let from = dice.below(policy.profiles.len());
    let borrowed = dice.maybe_pick_of(&policy.profiles[from].rules).cloned();
    let to = dice.below(policy.profiles.len());
    let rules = &mut policy.profiles[to].rules;
    if dice.percent(50) {
        if !rules.is_empty() {
            rules.remove(dice.below(rules.len()));
        }
    } else if let Some(mut rule) = borrowed {
        if dice.percent(30) {
            rule.initiator = match rule.initiator {
                Initiator::Device => Initiator::Peer,
                Initiator::Peer => Initiator::Device,
            };
        }
        // Before the others more often than not: ids move.
        let at = if dice.percent(60) { 0 } else { rules.len() };
        rules.insert(at, rule);
        rules.truncate(24);
    }
}

fn timeouts(dice: &mut Dice, policy: &mut Policy) {
    let profile = dice.below(policy.profiles.len());
    let timeouts = &mut policy.profiles[profile].timeouts;
    let new = Duration::from_secs(dice.pick(&[1, 30, 60, 300, 301, 1045, 100_045]));
    match dice.below(7) {
        0 => timeouts.tcp_handshake = new,
        1 => timeouts.tcp_established = new,
        2 => timeouts.tcp_closing = new,
        3 => timeouts.udp_unreplied = new,
        4 => timeouts.udp_replied = new,
        5 => timeouts.icmp = new,
        _ => timeouts.other = new,
    }
}

fn services(dice: &mut Dice, policy: &mut Policy) {
    let profile = dice.below(policy.profiles.len());
    let profile = &mut policy.profiles[profile];
    match dice.below(4) {
        0 => profile.arp ^= true,
        1 => profile.nd ^= true,
        2 => profile.dhcp ^= true,
        _ => policy.services.dhcp = vec![dice.pick(&HOSTS)],
    }
}

/// Lists one device more, or one less.
fn list(dice: &mut Dice, policy: &mut Policy) {
    if policy.devices.is_empty() {
        return;
    }
    let position = dice.below(policy.devices.len());
    if dice.percent(50) {
        policy.devices.remove(position);
        return;
    }
    let mut new = policy.devices[position].clone();
    new.mac = device_mac(dice.byte() % LISTABLE);
    new.name = format!("device-{}-{}", policy.devices.len() + 1, dice.word());
    if is_free(policy, new.mac, new.vlan) {
        policy.devices.insert(position, new);
    }
}

fn device(dice: &mut Dice, policy: &mut Policy) {
    if policy.devices.is_empty() {
        return;
    }
    let position = dice.below(policy.devices.len());
    let profiles = policy.profiles.len();
    let vlan = dice.percent(50).then(|| dice.pick(&VLANS));
    let is_free = is_free(policy, policy.devices[position].mac, vlan);
    let device = &mut policy.devices[position];
    match dice.below(10) {
        0..4 => device.mode = mode(dice),
        4 | 5 => device.profile = dice.below(profiles),
        6 => device.addresses = (0..dice.below(3)).map(|_| address(dice)).collect(),
        7 => device.addresses.clear(),
        8 => device.wire = dice.percent(50).then(|| dice.pick(&WIRES).to_owned()),
        _ if is_free => device.vlan = vlan,
        _ => {}
    }
    device.addresses.sort();
    device.addresses.dedup();
}

/// A host's, or one that some device may have by lease or use.
fn address(dice: &mut Dice) -> IpAddr {
    if dice.percent(60) {
        dice.pick(&HOSTS)
    } else {
        home(device_mac(dice.byte()), dice.percent(50), dice.byte() % 3)
    }
}

fn is_free(policy: &Policy, mac: [u8; 6], vlan: Option<(u16, u16)>) -> bool {
    !policy
        .devices
        .iter()
        .any(|device| device.mac == mac && device.vlan == vlan)
}

fn mode(dice: &mut Dice) -> Mode {
    dice.pick(&[Mode::Enforce, Mode::Enforce, Mode::Monitor, Mode::Learn])
}

fn shuffle<T: Clone>(dice: &mut Dice, list: &mut List<T>) {
    for last in (1..list.len()).rev() {
        list.swap(last, dice.below(last + 1));
    }
}
