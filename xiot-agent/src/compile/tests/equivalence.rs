//! Random policies: whatever is asked, the image answers as a linear scan over the policy does.

use std::net::IpAddr;

use proptest::{collection::vec, prelude::*};
use xiot_common::{
    addr::{Mac, Vlans},
    device::{ANY_WIRE, DEVICE_BOUND},
    profile::{SERVICE_ARP, SERVICE_DHCP, SERVICE_ND},
    slot::{SLOT_DHCP_SERVERS, SLOT_NAMES, SLOT_UNKNOWN_PROFILE},
};

use crate::{
    compile::{
        Image,
        read::{Opening, Reader},
    },
    model::policy::{Initiator, Mode, Policy},
};

use super::{ROOMY, compile_for, generate, naive};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn rules_are_those_of_the_policy(
        policy in generate::policy(),
        peers in vec(generate::address(), 10),
        services in vec((generate::protocol(), generate::port(), generate::port()), 12),
        seconds in vec(generate::second(), 3),
    ) {
        let image = compile_for(&policy, &ROOMY).unwrap();
        let reader = Reader::new(&image);
        for (number, profile) in (0..).zip(&policy.profiles) {
            for initiator in [Initiator::Device, Initiator::Peer] {
                for &peer in peers.iter().chain(&edges(&policy)) {
                    for &(protocol, port, source_port) in &services {
                        let frame = Opening { initiator, peer, protocol, port, source_port };
                        let at = seconds[usize::from(port) % seconds.len()];
                        prop_assert_eq!(
                            reader.judge(number, &frame, at),
                            naive::judge(&policy, profile, &frame, at),
                            "profile {}, {:?} at {}", number, frame, at
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn names_are_those_of_the_policy(
        policy in generate::policy(),
        addresses in vec(generate::address(), 20),
        services in vec((generate::protocol(), generate::port(), generate::port()), 12),
        seconds in vec(generate::second(), 3),
    ) {
        let image = compile_for(&policy, &ROOMY).unwrap();
        let reader = Reader::new(&image);
        let mut any = false;
        for name in &generate::dns_names() {
            let mut rules = policy.profiles.iter().flat_map(|profile| &profile.rules);
            let listed = rules.any(|rule| rule.names.contains(name));
            prop_assert_eq!(reader.has_name(name), listed);
            any |= listed;
            for (number, profile) in (0..).zip(&policy.profiles) {
                for (initiator, peer) in [Initiator::Device, Initiator::Peer]
                    .into_iter()
                    .flat_map(|it| [(it, addresses[0]), (it, addresses[1])])
                {
                    for &(protocol, port, source_port) in &services {
                        let frame = Opening { initiator, peer, protocol, port, source_port };
                        let at = seconds[usize::from(port) % seconds.len()];
                        prop_assert_eq!(
                            reader.judge_named(number, &frame, name, at),
                            naive::judge_named(&policy, profile, &frame, name, at),
                            "profile {}, {} {:?} at {}", number, name, frame, at
                        );
                    }
                }
            }
        }
        prop_assert_eq!(image.header.flags & SLOT_NAMES != 0, any);
        for &addr in addresses.iter().chain(&edges(&policy)) {
            let server = policy.services.dns.iter().any(|network| network.contains(addr));
            prop_assert_eq!(reader.is_dns_server(addr), server, "{}", addr);
        }
    }

    #[test]
    fn devices_are_those_of_the_policy(
        policy in generate::policy(),
        keys in vec((generate::mac(), generate::vlans()), 40),
        addresses in vec(generate::address(), 40),
    ) {
        let image = compile_for(&policy, &ROOMY).unwrap();
        let reader = Reader::new(&image);
        for (mac, (outer, inner)) in keys {
            let id = reader.device(Mac(mac), Vlans { outer, inner });
            let expected = naive::device(&policy, mac, (outer, inner));
            prop_assert_eq!(id as usize, expected.map_or(0, |index| index + 1));
        }
        prop_assert_eq!(reader.record(0), None);
        for (id, device) in (1..).zip(&policy.devices) {
            let record = reader.record(id).unwrap();
            let wire = device.wire.as_ref().map_or(ANY_WIRE, |wire| u16::from(wire == "w1"));
            prop_assert_eq!(record.wire, wire);
            prop_assert_eq!(record.mode, mode(device.mode));
            prop_assert_eq!(record.profile as usize, device.profile);
            prop_assert_eq!(record.flags == DEVICE_BOUND, !device.addresses.is_empty());
            prop_assert!(record.generation != 0);
            for &addr in addresses.iter().chain(&device.addresses) {
                prop_assert_eq!(reader.is_bound(id, addr), naive::is_bound(device, addr));
            }
        }
        for &addr in addresses.iter().chain(&policy.services.dhcp) {
            prop_assert_eq!(reader.is_dhcp_server(addr), policy.services.dhcp.contains(&addr));
        }
        for &addr in addresses.iter().chain(&policy.uplink_addresses) {
            prop_assert_eq!(reader.is_of_uplink(addr), policy.uplink_addresses.contains(&addr));
        }
    }

    #[test]
    fn owners_of_addresses_are_those_of_the_policy(
        policy in generate::policy(),
        keys in vec((generate::mac(), generate::vlans(), 0..2_u16), 20),
        addresses in vec(generate::address(), 20),
    ) {
        let image = compile_for(&policy, &ROOMY).unwrap();
        let reader = Reader::new(&image);
        let listed = policy.devices.iter().flat_map(|device| &device.addresses);
        for &addr in addresses.iter().chain(listed) {
            for &(mac, (outer, inner), wire) in &keys {
                // No frame has the reserved VLAN.
                if outer == 0xfff {
                    continue;
                }
                let name = ["w0", "w1"][usize::from(wire)];
                prop_assert_eq!(
                    reader.is_others(addr, Mac(mac), wire, Vlans { outer, inner }),
                    naive::is_others(&policy, addr, mac, name, (outer, inner)),
                    "{} {:?}", addr, (mac, outer, inner, wire)
                );
            }
        }
    }

    #[test]
    fn the_header_says_what_the_policy_says(policy in generate::policy()) {
        let image = compile_for(&policy, &ROOMY).unwrap();
        let header = &image.header;
        prop_assert_eq!(header.lines as usize, image.lines.len());
        prop_assert_eq!(header.digest, image.lines.digest());
        prop_assert_eq!((header.revision, header.compiled_at), (7, 1_000));
        prop_assert_eq!(header.device_count as usize, policy.devices.len());
        let rules = policy.profiles.iter().map(|profile| profile.rules.len()).sum::<usize>();
        prop_assert_eq!(header.rule_count as usize, rules);
        prop_assert_eq!(header.unknown_mode, mode(policy.onboarding));
        let unknown = header.flags & SLOT_UNKNOWN_PROFILE != 0;
        let profile = unknown.then_some(header.unknown_profile as usize);
        prop_assert_eq!(profile, policy.default_profile);
        let servers = header.flags & SLOT_DHCP_SERVERS != 0;
        prop_assert_eq!(servers, !policy.services.dhcp.is_empty());
        let mut all = 0;
        for (number, profile) in (0..).zip(&policy.profiles) {
            let record = Reader::new(&image).profile(number).unwrap();
            prop_assert_eq!(record.services & SERVICE_ARP != 0, profile.arp);
            prop_assert_eq!(record.services & SERVICE_ND != 0, profile.nd);
            prop_assert_eq!(record.services & SERVICE_DHCP != 0, profile.dhcp);
            prop_assert_eq!(record.new_flows, profile.limits.new_flows);
            prop_assert_eq!(record.fragments, profile.limits.fragments);
            let named = profile.rules.iter().any(|rule| !rule.names.is_empty());
            prop_assert_eq!(record.flags, u32::from(named));
            all |= record.services;
        }
        prop_assert_eq!(header.services, all);
        prop_assert!(header.unknown_generation != 0);
    }

    #[test]
    fn the_same_policy_gives_the_same_bytes(policy in generate::policy()) {
        let image = compile_for(&policy, &ROOMY).unwrap();
        prop_assert_eq!(&image, &compile_for(&policy, &ROOMY).unwrap());
        let generations = generations(&policy, &image);

        // A profile before the others moves every number; what it does not concern keeps its generation
        // as long as the rules keep theirs.
        let mut more = policy.clone();
        let mut empty = policy.profiles[0].clone();
        empty.rules.clear();
        more.profiles.insert(0, empty);
        for device in &mut more.devices {
            device.profile += 1;
        }
        let image = compile_for(&more, &ROOMY).unwrap();
        prop_assert_eq!(self::generations(&more, &image), generations);
    }
}

/// First and last address of each network in the policy, and their neighbours outside it.
fn edges(policy: &Policy) -> Vec<IpAddr> {
    let rules = policy.profiles.iter().flat_map(|profile| &profile.rules);
    let networks = rules.flat_map(|rule| &rule.peers);
    networks
        .chain(&policy.services.dns)
        .flat_map(|network| match (network.network(), network.broadcast()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                let (first, last) = (first.to_bits(), last.to_bits());
                [first.saturating_sub(1), first, last, last.saturating_add(1)]
                    .map(|addr| IpAddr::V4(addr.into()))
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                let (first, last) = (first.to_bits(), last.to_bits());
                [first.saturating_sub(1), first, last, last.saturating_add(1)]
                    .map(|addr| IpAddr::V6(addr.into()))
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                unreachable!("both ends of a network are of one family")
            }
        })
        .collect()
}

fn generations(policy: &Policy, image: &Image) -> Vec<u32> {
    (1..)
        .zip(&policy.devices)
        .map(|(id, _)| Reader::new(image).record(id).unwrap().generation)
        .collect()
}

fn mode(mode: Mode) -> u8 {
    match mode {
        Mode::Learn => 0,
        Mode::Monitor => 1,
        Mode::Enforce => 2,
    }
}
