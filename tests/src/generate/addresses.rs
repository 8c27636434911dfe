//! Who talks to whom: draws the two ends of a packet so that policies have something to say about them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use xiot_agent::model::policy::{Device, Policy, Profile, Rule};

use super::{
    dice::Dice,
    world::{BAD_VLANS, GROUPS, HOSTS, LISTABLE, ROUTER, SPECIAL, VLANS, device_mac, home},
};
use crate::frame::Mac;

/// The device's side of a frame to be.
pub(super) struct Party<'p> {
    pub(super) mac: Mac,
    pub(super) vlans: (u16, u16),
    pub(super) device: Option<&'p Device>,
    pub(super) profile: Option<&'p Profile>,
}

pub(super) fn party<'p>(dice: &mut Dice, policy: &'p Policy) -> Party<'p> {
    if dice.percent(88)
        && let Some(device) = dice.maybe_pick_of(&policy.devices)
    {
        return Party {
            mac: device.mac,
            vlans: vlans(dice, device.vlan),
            device: Some(device),
            profile: policy.profiles.get(device.profile),
        };
    }
    let mac = if dice.percent(15) {
        dice.pick(&GROUPS)
    } else {
        // Twice as many as can be listed.
        device_mac(dice.byte() % (2 * LISTABLE))
    };
    Party {
        mac,
        vlans: vlans(dice, None),
        device: None,
        profile: policy.default_profile.map(|index| &policy.profiles[index]),
    }
}

fn vlans(dice: &mut Dice, wanted: Option<(u16, u16)>) -> (u16, u16) {
    if dice.percent(2) {
        return dice.pick(&BAD_VLANS);
    }
    match wanted {
        Some(vlans) if dice.percent(85) => vlans,
        _ if dice.percent(70) => (0, 0),
        _ => dice.pick(&VLANS),
    }
}

/// The MAC on the other side of the frame.
pub(super) fn other_mac(dice: &mut Dice, policy: &Policy, may_be_group: bool) -> Mac {
    match dice.below(20) {
        0 => dice
            .maybe_pick_of(&policy.devices)
            .map_or(ROUTER, |device| device.mac),
        1 | 2 if may_be_group => dice.pick(&GROUPS),
        _ => ROUTER,
    }
}

/// An address that the rule means, or nearly.
pub(super) fn peer(dice: &mut Dice, rule: Option<&Rule>, v6: bool) -> IpAddr {
    let networks: Vec<IpNetwork> = rule
        .map(|rule| rule.peers.clone())
        .unwrap_or_default()
        .into_iter()
        .filter(|network| network.is_ipv6() == v6)
        .collect();
    match dice.maybe_pick(&networks) {
        Some(network) if dice.percent(92) => {
            let network = *network;
            near(dice, network)
        }
        _ => any(dice, v6),
    }
}

/// The family that a rule with these peers is about.
pub(super) fn family(dice: &mut Dice, rule: Option<&Rule>) -> bool {
    match rule.and_then(|rule| dice.maybe_pick(&rule.peers)) {
        Some(network) if dice.percent(90) => network.is_ipv6(),
        _ => dice.percent(40),
    }
}

/// An address of the device's own, or one it must not have.
pub(super) fn own(dice: &mut Dice, device: Option<&Device>, v6: bool) -> IpAddr {
    let addresses: Vec<IpAddr> = device
        .map(|device| device.addresses.clone())
        .unwrap_or_default()
        .into_iter()
        .filter(|address| address.is_ipv6() == v6)
        .collect();
    match (dice.maybe_pick(&addresses), device) {
        (Some(address), _) if dice.percent(92) => *address,
        (None, Some(device)) if dice.percent(60) => {
            let more = if dice.percent(25) { dice.byte() % 4 } else { 0 };
            home(device.mac, v6, more)
        }
        _ => any(dice, v6),
    }
}

fn any(dice: &mut Dice, v6: bool) -> IpAddr {
    let list: &[IpAddr] = if dice.percent(15) { &SPECIAL } else { &HOSTS };
    let of_family: Vec<IpAddr> = list
        .iter()
        .copied()
        .filter(|address| address.is_ipv6() == v6)
        .collect();
    dice.pick(&of_family)
}

/// First, last, or some address of the network, or the one beside its ends.
fn near(dice: &mut Dice, network: IpNetwork) -> IpAddr {
    let (low, high, all_ones) = match network {
        IpNetwork::V4(v4) => (
            u128::from(v4.network().to_bits()),
            u128::from(v4.broadcast().to_bits()),
            u128::from(u32::MAX),
        ),
        IpNetwork::V6(v6) => (v6.network().to_bits(), v6.broadcast().to_bits(), u128::MAX),
    };
    let bits = match dice.below(16) {
        0 => low.wrapping_sub(1) & all_ones,
        1 => high.wrapping_add(1) & all_ones,
        2 | 3 => high,
        4 | 5 => {
            let random = u128::from(dice.next_u64()) << 64 | u128::from(dice.next_u64());
            low | random & (high ^ low)
        }
        _ => low,
    };
    match network {
        IpNetwork::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).expect("masked"))),
        IpNetwork::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    }
}
