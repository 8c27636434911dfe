//! Flows that move to a table of another size: the program finds each of them, as it was.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use xiot_agent::{
    compile::{Fresh, Keyed},
    datapath::{AttachMode, BringUpError, FiledFlow, Followed, Gateway, Plan, bring_up_after},
};
use xiot_common::{
    device::Mode,
    flow::{FlowEntry, FlowKey, FlowTail},
    flow_table::FlowLevel,
    map,
    port::Side,
};

use xiot_tests::until::is_slow;

use super::ward::Ward;
use crate::{
    flows::{answer, question},
    image::nobody_listed,
};

/// A plan for so many flows, of which as many may be opened as one likes. Frames run through its program.
pub(super) fn plan(ward: &Ward, flows: u32) -> Plan {
    let mut plan = ward.plan(AttachMode::Native);
    plan.options.trace = true;
    plan.options.new_flows.unlisted = u32::MAX;
    plan.options.new_flows.per_cpu = u32::MAX;
    plan.options.capacity.flows = flows;
    plan.options.capacity.half_open = flows;
    plan
}

/// The next agent.
pub(super) fn try_to_follow(ward: &Ward, plan: &Plan) -> Result<Gateway, BringUpError> {
    let image = nobody_listed(Mode::Monitor, 1);
    let gateway = ward.gateway.run(|| {
        bring_up_after(plan, &image, |kept| {
            assert_eq!(kept.in_force().header, image.header);
            Ok(Followed {
                image: Arc::new(image.clone()),
                fresh: Fresh::default(),
            })
        })
    });
    gateway.expect("the namespace can be entered")
}

/// The same, of which nothing is to be forgotten.
fn follow(ward: &Ward, plan: &Plan) -> Gateway {
    let gateway = noted(try_to_follow(ward, plan).expect("it is up"));
    assert_eq!(gateway.report().anew, None);
    gateway
}

/// The first agent.
pub(super) fn first(ward: &Ward, plan: &Plan) -> Gateway {
    noted(ward.bring_up(plan).expect("it is up"))
}

/// As its agent leaves it.
fn noted(mut gateway: Gateway) -> Gateway {
    gateway
        .datapath_mut()
        .note(&Keyed::default())
        .expect("it can be noted");
    gateway
}

/// One of three is answered.
fn is_answered(n: u16) -> bool {
    n.is_multiple_of(3)
}

fn speak(gateway: &mut Gateway, flows: u16) {
    for n in 0..flows {
        let datapath = gateway.datapath_mut();
        datapath
            .test_run(Side::Device, &question(n))
            .expect("it runs");
        if is_answered(n) {
            datapath
                .test_run(Side::Uplink, &answer(n))
                .expect("it runs");
        }
    }
}

type Whole = (FlowEntry, FlowTail, bool);

fn all(gateway: &Gateway) -> BTreeMap<[u64; 6], Whole> {
    let sets = gateway.datapath().flow_sets().expect("it can be mapped");
    let whole = |flow: &FiledFlow| (flow.entry, flow.tail, flow.is_half_open());
    let key = |key: &FlowKey| key.words();
    let mut flows = BTreeMap::new();
    for flow in sets.flows() {
        let twin = flows.insert(key(&flow.key), whole(&flow));
        assert_eq!(twin, None, "it is there twice");
    }
    flows
}

fn confirmed(gateway: &Gateway) -> u64 {
    let level = gateway.datapath().map_memory::<FlowLevel>(map::FLOW_LEVEL);
    level
        .expect("it can be mapped")
        .get(0)
        .expect("it has one entry")
        .confirmed
}

#[test]
fn every_flow_is_found_that_moved_and_is_as_it_was() {
    const FLOWS: u16 = 3_000;
    let ward = Ward::new();
    let mut gateway = first(&ward, &plan(&ward, 10_000));
    speak(&mut gateway, FLOWS);
    let before = all(&gateway);
    let level = confirmed(&gateway);
    assert!(
        before.len() >= usize::from(FLOWS) * 9 / 10,
        "{}",
        before.len()
    );
    // The largest is more than one system call moves.
    for flows in [6_000, 50_000, 1_000_000, 300_000] {
        drop(gateway);
        gateway = follow(&ward, &plan(&ward, flows));
        assert!(all(&gateway) == before, "{flows}");
        assert_eq!(confirmed(&gateway), level);
    }
    for n in 0..FLOWS {
        let datapath = gateway.datapath_mut();
        let outcome = datapath.test_run(Side::Device, &question(n)).unwrap();
        // Without an answer it is over in thirty seconds, which a slow machine takes to get here.
        if is_answered(n) || !is_slow() {
            assert_eq!(outcome.trace.flow_hit, 1, "{n}");
        }
        if is_answered(n) {
            let outcome = datapath.test_run(Side::Uplink, &answer(n)).unwrap();
            assert_eq!(outcome.trace.flow_hit, 1, "answer {n}");
        }
    }
    assert_eq!(all(&gateway).len(), before.len());
}

#[test]
fn of_what_does_not_fit_those_go_on_that_both_sides_spoke_in() {
    const FLOWS: u16 = 1_500;
    let ward = Ward::new();
    let mut gateway = first(&ward, &plan(&ward, 10_000));
    speak(&mut gateway, FLOWS);
    let before = all(&gateway);
    let answered = before.values().filter(|(.., half_open)| !half_open).count();
    drop(gateway);
    let room = u32::try_from(answered).unwrap();
    let gateway = follow(&ward, &plan(&ward, room));
    let after = all(&gateway);
    let confirmed_now = after.values().filter(|(.., half_open)| !half_open).count();
    assert_eq!(confirmed_now, answered);
    assert_eq!(confirmed(&gateway), u64::from(room));
    // The others have what is left.
    assert!(after.len() > answered && after.len() <= 2 * answered + 8);
    drop(gateway);
    let gateway = follow(&ward, &plan(&ward, room / 2));
    assert_eq!(confirmed(&gateway), u64::from(room / 2));
}

/// Opens so many flows that both sides spoke in.
fn fill(gateway: &mut Gateway, flows: u32) {
    for (side, frame) in [(Side::Device, question(0)), (Side::Uplink, answer(0))] {
        let datapath = gateway.datapath_mut();
        datapath.test_run(side, &frame).expect("it runs");
        let mut frame = frame;
        // The last bytes of the address that is not the device's, and a port of it.
        let address = if side == Side::Device { 31 } else { 27 };
        for n in 1..flows {
            frame[address..address + 3].copy_from_slice(&n.to_be_bytes()[1..]);
            datapath.pass(&frame).expect("it runs");
        }
    }
}

#[test]
fn a_large_table_moves_in_seconds() {
    const FLOWS: u32 = 100_000;
    let ward = Ward::new();
    let mut plan = plan(&ward, FLOWS);
    let mut gateway = first(&ward, &plan);
    fill(&mut gateway, FLOWS);
    assert_eq!(confirmed(&gateway), u64::from(FLOWS));
    drop(gateway);
    plan.options.capacity.flows = 2 * FLOWS;
    let start = Instant::now();
    let gateway = follow(&ward, &plan);
    println!("{FLOWS} flows: a takeover of {:?}", start.elapsed());
    assert_eq!(confirmed(&gateway), u64::from(FLOWS));
}
