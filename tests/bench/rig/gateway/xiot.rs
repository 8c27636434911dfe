//! xiot as the agent starts it, without the agent around it.

use std::time::Duration;

use xiot_agent::{
    compile::{Assignment, Image, Limits, compile},
    datapath::{AttachMode, Capacity, FailMode, Gateway, NewFlows, Options, Plan, Wire, bring_up},
    model::policy::{Mode, Policy},
};
use xiot_tests::net::rig::{DEVICE_PORT, Rig, UPLINK_PORT};

use crate::rig::site::Site;

/// The only wire.
pub(crate) const WIRE: &str = "ward-3";

/// Sizes for a site. The table of flows is as large as it is where nobody says otherwise, and larger only for more flows.
pub(crate) fn capacity(site: &Site, flows: u32) -> Capacity {
    let usual = Capacity::default();
    let more = if flows > usual.flows { flows } else { 0 };
    Capacity {
        slot_lines: (2 * site.rules + 2 * site.devices)
            .next_power_of_two()
            .max(1 << 18),
        flows: usual.flows.max(more),
        half_open: usual.half_open.max(more),
        devices: site.devices + 1,
        rules: site.rules + 1,
        ..usual
    }
}

/// The image of a policy for such a gateway.
pub(crate) fn image(policy: &Policy, capacity: &Capacity, revision: u64) -> Image {
    let limits = Limits {
        slot_lines: capacity.slot_lines,
        devices: capacity.devices,
        rules: capacity.rules,
    };
    let assignment = Assignment::fresh(policy);
    compile(
        policy,
        &[WIRE.to_owned()],
        &limits,
        &assignment,
        revision,
        0,
    )
    .expect("the policy fits")
}

/// Sizes, and no limit to new flows: how many a device may open is not what is measured.
pub(crate) fn options(capacity: Capacity) -> Options {
    Options {
        capacity,
        new_flows: NewFlows {
            per_cpu: u32::MAX,
            ..NewFlows::default()
        },
        ..Options::default()
    }
}

pub(crate) fn start(rig: &Rig, site: &Site, mode: Mode, flows: u32) -> Gateway {
    let capacity = capacity(site, flows);
    let image = image(&site.policy(mode), &capacity, 1);
    let plan = Plan {
        wires: vec![Wire {
            name: WIRE.to_owned(),
            device: DEVICE_PORT.to_owned(),
            uplink: Some(UPLINK_PORT.to_owned()),
            fail: FailMode::Closed,
        }],
        uplinks: Vec::new(),
        mode: AttachMode::Native,
        pins: rig.scratch.bpf().join("xiot"),
        grace: Duration::ZERO,
        adopt: false,
        settle: Duration::ZERO,
        options: options(capacity),
    };
    let gateway = rig.gateway.run(|| bring_up(&plan, &image));
    gateway
        .expect("the namespace is there")
        .expect("the gateway comes up")
}
