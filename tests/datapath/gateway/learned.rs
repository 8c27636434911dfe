//! Agents that begin anew go on with what the program before has learned of addresses, on the wires that are still there.

use std::collections::HashMap;

use aya::maps::{Array, Map, MapData};
use xiot_agent::datapath::{Gateway, KnownBindings, Plan};
use xiot_common::{
    about::About,
    addr::{Addr, Mac, Vlans},
    binding::{Binding, BindingKey, BindingKind, NO_END},
    guard::{Guard, Level, WireGuards},
    map,
    name::{NamePlace, NameSet, NamesKey},
};

use super::{
    moved::{self, first, try_to_follow},
    ward::Ward,
};

/// Not over before the test is.
const LATE: u32 = u32::MAX - 1;

/// Without guards there is no room for bindings.
fn plan(ward: &Ward) -> Plan {
    let mut plan = moved::plan(ward, 1_000);
    let guards = WireGuards::default().with(Guard::Binding, Level::Monitor);
    plan.options.guards = Some(vec![guards; plan.wires.len()]);
    plan
}

fn names(mac: u8, wire: u16) -> (NamesKey, NameSet) {
    let key = NamesKey {
        mac: Mac([2, 0, 0, 0, 0, mac]),
        wire,
        vlans: Vlans::default(),
    };
    let mut set = NameSet::NONE;
    set.0[3] = NamePlace {
        addr: Addr::v4([192, 0, 2, mac]),
        name: 7 + u64::from(mac),
        life: NamePlace::life(LATE, 86_400),
    };
    (key, set)
}

fn binding(last: u8, wire: u16) -> (BindingKey, Binding) {
    let key = BindingKey {
        addr: Addr::v4([10, 30, 1, last]),
        vlans: Vlans::default(),
        wire,
        reserved: 0,
    };
    let binding = Binding {
        until: NO_END,
        mac: Mac([2, 0, 0, 0, 0, last]),
        kind: BindingKind::Lease as u8,
        reserved: 0,
    };
    (key, binding)
}

fn known(gateway: &Gateway) -> KnownBindings {
    gateway
        .datapath()
        .known_bindings()
        .expect("maps can be read")
}

/// The next agent finds what was noted by one of another ABI.
fn age(ward: &Ward) {
    let pin = ward.pins().join(map::ABOUT);
    let note = MapData::from_pin(pin).and_then(Map::from_map_data);
    let note = note.expect("it is pinned");
    let mut note: Array<_, About> = note.try_into().expect("an array");
    let mut about = note.get(&0, 0).expect("it has one entry");
    about.abi = 4711;
    note.set(0, about, 0).expect("it can be written");
}

#[test]
fn names_and_bindings_outlive_a_change_of_the_abi() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    let gateway = first(&ward, &plan(&ward));
    let learned = KnownBindings {
        bindings: vec![binding(1, 0), binding(2, 1)],
        places: Vec::new(),
        names: vec![names(1, 0), names(2, 1)],
        strangers_names: vec![names(3, 0), names(4, 1)],
    };
    gateway.datapath().know_bindings(&learned).unwrap();
    drop(gateway);
    age(&ward);

    // The wires changed places meanwhile.
    let mut next = plan(&ward);
    next.wires.reverse();
    let gateway = try_to_follow(&ward, &next).unwrap();
    let why = gateway.report().anew.as_ref().map(ToString::to_string);
    assert!(
        why.as_ref().is_some_and(|it| it.contains("4711")),
        "{why:?}"
    );
    let found = known(&gateway);
    let expected = HashMap::from([binding(1, 1), binding(2, 0)]);
    assert_eq!(HashMap::from_iter(found.bindings), expected);
    let expected = HashMap::from([names(1, 1), names(2, 0)]);
    assert_eq!(HashMap::from_iter(found.names), expected);
    let expected = HashMap::from([names(3, 1), names(4, 0)]);
    assert_eq!(HashMap::from_iter(found.strangers_names), expected);
    drop(gateway);

    // A wire that is gone takes along what was learned on it.
    age(&ward);
    next.wires.truncate(1);
    next.options.guards.as_mut().unwrap().truncate(1);
    let found = known(&try_to_follow(&ward, &next).unwrap());
    assert_eq!(found.names, [names(2, 0)]);
    assert_eq!(found.strangers_names, [names(4, 0)]);
}
