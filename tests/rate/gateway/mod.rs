//! What forwards.

mod kernel;
mod nft;

use std::time::Duration;

use xiot_agent::{
    compile::{Assignment, Limits, compile},
    datapath::{self, AttachMode, Capacity, NewFlows, Options, Plan, Wire, bring_up},
};
use xiot_tests::net::rig::{DEVICE_PORT, Rig, UPLINK_PORT};

use crate::{
    programs::{Attached, attach},
    site::Site,
};

pub(crate) use self::nft::Filter;

/// Kinds of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Drops everything: the limit.
    Drop,
    /// Forwards everything: the limit.
    Redirect,
    /// Enforces.
    Xiot,
    /// The kernel's bridge.
    Bridge(Option<Filter>),
    /// The kernel's routing.
    Route(Option<Filter>),
}

impl Kind {
    /// What figures of it are called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Drop => "XDP drop",
            Self::Redirect => "XDP redirect",
            Self::Xiot => "xiot",
            Self::Bridge(None) => "bridge",
            Self::Bridge(Some(Filter::Stateless)) => "bridge, nftables",
            Self::Bridge(Some(Filter::Stateful)) => "bridge, nftables with conntrack",
            Self::Route(None) => "routes",
            Self::Route(Some(Filter::Stateless)) => "routes, nftables",
            Self::Route(Some(Filter::Stateful)) => "routes, nftables with conntrack",
        }
    }

    /// Whether frames are sent to it, not through it.
    pub(crate) const fn is_router(self) -> bool {
        matches!(self, Self::Route(_))
    }
}

/// One of them, at work.
pub(crate) enum Gateway {
    Program(#[expect(dead_code, reason = "it stays attached")] [Attached; 2]),
    Xiot(Box<datapath::Gateway>),
    Kernel,
}

impl Gateway {
    pub(crate) fn start(kind: Kind, rig: &Rig, site: &Site) -> Self {
        let on_both = |name| {
            Self::Program([
                attach(&rig.gateway, name, DEVICE_PORT, Some(UPLINK_PORT)),
                attach(&rig.gateway, name, UPLINK_PORT, Some(DEVICE_PORT)),
            ])
        };
        match kind {
            Kind::Drop => on_both("discard"),
            Kind::Redirect => on_both("forward"),
            Kind::Xiot => Self::Xiot(Box::new(enforce(rig, site))),
            Kind::Bridge(filter) => {
                kernel::bridge(rig, filter, site);
                Self::Kernel
            }
            Kind::Route(filter) => {
                kernel::route(rig, filter, site);
                Self::Kernel
            }
        }
    }
}

fn enforce(rig: &Rig, site: &Site) -> datapath::Gateway {
    let policy = site.policy();
    let limits = Limits {
        slot_lines: 1 << 22,
        devices: site.devices + 1,
        rules: site.rules + 1,
    };
    let assignment = Assignment::fresh(&policy);
    let image = compile(&policy, &["ward-3".to_owned()], &limits, &assignment, 1, 0)
        .expect("the policy fits");
    let plan = Plan {
        wires: vec![Wire {
            name: "ward-3".to_owned(),
            device: DEVICE_PORT.to_owned(),
            uplink: Some(UPLINK_PORT.to_owned()),
        }],
        uplinks: Vec::new(),
        mode: AttachMode::Native,
        pins: rig.scratch.bpf().join("xiot"),
        grace: Duration::ZERO,
        settle: Duration::ZERO,
        options: Options {
            capacity: Capacity {
                slot_lines: limits.slot_lines,
                flows: 3 << 19,
                half_open: 3 << 19,
                devices: limits.devices,
                rules: limits.rules,
                observed: 1 << 17,
                event_ring: 1 << 20,
            },
            new_flows: NewFlows {
                per_cpu: u32::MAX,
                ..NewFlows::default()
            },
            ..Options::default()
        },
    };
    let gateway = rig.gateway.run(|| bring_up(&plan, &image));
    gateway
        .expect("the namespace is there")
        .expect("the gateway comes up")
}
