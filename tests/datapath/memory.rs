//! What the maps take from the kernel, as docs/performance.md says.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
};

use aya::maps::{Map, MapData};
use xiot_agent::datapath::{Capacity, Datapath, Options};
use xiot_common::{
    budget::Budget,
    counter::{DeviceCounter, RuleCounter},
    flow_line::{FlowLine, FlowRest},
    flow_table::FlowMark,
    image::{Line, SLOTS},
    map,
};
use xiot_tests::kernel;

const DEVICES: u32 = 100_000;
const RULES: u32 = 1_000_000;
const SLOT_LINES: u32 = 1 << 18;
const FLOWS: u32 = 100_000;

/// Tables of devices, rules and flows are arrays: what the kernel charges is their values, and little else.
#[test]
fn devices_rules_and_flows_take_the_memory_of_their_values() {
    // Before Linux 6.4 the account is a guess: as many keys again.
    if kernel::version() < (6, 4) {
        println!("skipped: this kernel keeps no account of what maps take");
        return;
    }
    let options = Options {
        capacity: Capacity {
            slot_lines: SLOT_LINES,
            devices: DEVICES,
            rules: RULES,
            flows: FLOWS,
            half_open: 1,
            ..crate::image::small().capacity
        },
        ..Options::default()
    };
    let datapath = Datapath::load(&options).unwrap();
    let cpus = u64::from(datapath.cpus());
    let (devices, rules) = (u64::from(DEVICES), u64::from(RULES));
    // As many slots again are for conversations that only one side spoke in.
    let slots = 2 * u64::from(FLOWS);
    for (name, values) in [
        (
            map::IMAGE,
            u64::from(SLOT_LINES) * u64::from(SLOTS) * size_of::<Line>() as u64,
        ),
        (
            map::DEVICE_COUNTERS,
            devices * cpus * size_of::<DeviceCounter>() as u64,
        ),
        (map::BUDGETS, devices * size_of::<Budget>() as u64),
        (map::RULE_COUNTERS, rules * size_of::<RuleCounter>() as u64),
        (map::FLOWS, slots * size_of::<FlowLine>() as u64),
        (map::FLOW_REST, slots * size_of::<FlowRest>() as u64),
        (map::FLOW_MARKS, slots * size_of::<FlowMark>() as u64),
        (map::FLOW_HINTS, slots),
    ] {
        let charged = charged(&datapath, name);
        println!("{name}: {charged} bytes charged, {values} bytes of values");
        assert!(
            (values * 4 / 5..=values * 6 / 5).contains(&charged),
            "{name}: the kernel charges {charged} bytes for {values}"
        );
    }
}

/// Bytes that the kernel charges for a map, by its own account.
fn charged(datapath: &Datapath, name: &'static str) -> u64 {
    let map = datapath.duplicate(name).expect("it is loaded");
    let Map::Array(data) = map else {
        unreachable!("{name} is an array")
    };
    fdinfo(&data)
}

fn fdinfo(data: &MapData) -> u64 {
    let fd = data.fd().as_fd().as_raw_fd();
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).expect("proc is mounted");
    let charged = info.lines().find_map(|line| line.strip_prefix("memlock:"));
    let charged = charged.and_then(|bytes| bytes.trim().parse().ok());
    charged.expect("the kernel says it in bytes")
}
