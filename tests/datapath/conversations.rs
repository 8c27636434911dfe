//! Conversations put to a scratch instance one after the other: none is judged by what the one before taught, and at a large site one takes no longer than at
//! a small one.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use xiot_agent::{
    compile::{self, Assignment},
    datapath::{Capacity, Datapath, KnownBindings, Options},
    learn::{
        conversation::{Conversation, Initiator},
        device::Identity,
        told::Told,
    },
    model::{load_policy, policy::Policy},
    service::{
        clock::Now,
        explain::{Judgement, Program},
        simulate,
        state::Reason,
        view,
    },
};
use xiot_common::{
    addr::Mac,
    binding::{Binding, BindingKey, BindingKind, NO_END},
    guard::{Guard, Level, WireGuards},
};

/// Neither device has an address by the policy.
const POLICY: &str = r#"onboarding: enforce
profiles:
  pump:
    services: [arp, nd]
    allow:
      - {to: ["10.20.8.11", "fd00:20::11"], tcp: 3613}
devices:
  - {name: pump-1, mac: "00:03:b1:00:00:01", profile: pump, mode: enforce}
  - {name: pump-2, mac: "00:03:b1:00:00:02", profile: pump, mode: enforce}
"#;

fn guards() -> Vec<WireGuards> {
    vec![WireGuards::default().with(Guard::Source, Level::Enforce)]
}

fn policy() -> Policy {
    load_policy("policy.yaml", POLICY).value.expect("it is one")
}

/// A scratch instance that knows of so many leases of others.
fn program(leases: u32) -> Program {
    let attached = Datapath::load(&Options {
        capacity: Capacity {
            slot_lines: 64,
            flows: 64,
            half_open: 64,
            devices: 4,
            rules: 4,
            observed: 64,
            event_ring: 4096,
        },
        guards: Some(guards()),
        ..Options::default()
    });
    let attached = attached.expect("this needs root");
    let bindings = (0..leases).map(|number| {
        let key = BindingKey {
            addr: view::addr(Ipv4Addr::from_bits(0x0a40_0000 | number).into()),
            ..BindingKey::default()
        };
        let [.., high, middle, low] = number.to_be_bytes();
        let binding = Binding {
            until: NO_END,
            mac: Mac([2, 0, 0, high, middle, low]),
            kind: BindingKind::Lease as u8,
            reserved: 0,
        };
        (key, binding)
    });
    let known = KnownBindings {
        bindings: bindings.collect(),
        ..KnownBindings::default()
    };
    attached.know_bindings(&known).expect("there is room");
    let policy = policy();
    let limits = compile::Limits {
        slot_lines: 4096,
        devices: 4,
        rules: 4,
    };
    let ids = Assignment::fresh(&policy);
    let wires = ["ward".to_owned()];
    let image = compile::compile(&policy, &wires, &limits, &ids, 1, 0).expect("it compiles");
    let mut program = Program::new(&image, &ids, Some(guards())).expect("it can be loaded");
    let known = program.know(&attached, Now::read().second());
    known.expect("the maps can be read");
    program
}

/// A conversation of one of the two.
fn judge(program: &mut Program, last: u8, peer: &str) -> Judgement {
    let identity = Identity {
        mac: [0, 3, 0xb1, 0, 0, last],
        vlans: (0, 0),
    };
    let peer: IpAddr = peer.parse().expect("an address");
    let conversation = Conversation {
        initiator: Initiator::Device,
        midstream: false,
        protocol: 6,
        port: 3613,
        peer,
    };
    let policy = policy();
    let mut devices = policy.devices.iter();
    let device = devices.find(|it| it.mac == identity.mac);
    let of = (&identity, &Told::default());
    let wires = ["ward".to_owned()];
    simulate::judge(program, &wires, device, of, &conversation).expect("it is judged")
}

#[test]
fn no_conversation_is_judged_by_what_another_taught() {
    let mut program = program(0);
    // Both speak with the address that stands for any: it must be nobody's for each of them.
    for last in [1, 2, 1, 2] {
        let judged = judge(&mut program, last, "fd00:20::11");
        assert_eq!(judged.reason, Reason::AllowedRule, "{last}");
        assert_eq!(judged.device, Some(usize::from(last) - 1));
        assert_eq!(judged.rule, Some(1));
    }
    let judged = judge(&mut program, 2, "fd00:20::12");
    assert_eq!((judged.reason, judged.rule), (Reason::NoPeer, None));
}

/// The shortest of several looks.
fn shortest(program: &mut Program) -> Duration {
    let looks = (0..5).map(|_| {
        let begun = Instant::now();
        for _ in 0..200 {
            judge(program, 1, "10.20.8.11");
        }
        begun.elapsed()
    });
    looks.min().expect("several")
}

#[test]
fn a_conversation_takes_no_longer_where_thousands_of_addresses_are_bound() {
    let [few, many] = [10, 40_000].map(|leases| shortest(&mut program(leases)));
    assert!(many < 4 * few, "{many:?} where {few:?} are enough");
}
