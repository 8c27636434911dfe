//! What forwards.

pub(crate) mod ipset;
mod kernel;
pub(crate) mod nft;
pub(crate) mod xiot;

use xiot_agent::{collect::Counters, datapath, model::policy::Mode};
use xiot_tests::net::rig::{DEVICE_PORT, Rig, UPLINK_PORT};

use super::{
    programs::{Attached, attach},
    sender::Traffic,
    site::Site,
};

/// Kinds of it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// Drops everything: the limit.
    Drop,
    /// Forwards everything: the limit.
    Redirect,
    /// All devices enforced.
    Xiot,
    /// All devices in mode `learn`.
    Learn,
    /// The kernel's bridge.
    Bridge(Filter),
    /// The kernel's routing.
    Route(Filter),
}

/// What the kernel asks of a frame.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Filter {
    /// Nothing.
    Open,
    /// nftables: every frame is looked up.
    Stateless,
    /// nftables: the first of a conversation is looked up; conntrack knows the others.
    Stateful,
    /// iptables with ipset: the same.
    Ipset,
}

impl Kind {
    /// What figures of it are called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Drop => "XDP drop",
            Self::Redirect => "XDP redirect",
            Self::Xiot => "xiot",
            Self::Learn => "xiot, learn",
            Self::Bridge(Filter::Open) => "bridge",
            Self::Bridge(Filter::Stateless) => "bridge + nft set",
            Self::Bridge(Filter::Stateful) => "bridge + br_netfilter + nft ct",
            Self::Bridge(Filter::Ipset) => "bridge + br_netfilter + ipset ct",
            Self::Route(Filter::Open) => "route",
            Self::Route(Filter::Stateless) => "route + nft set",
            Self::Route(Filter::Stateful) => "route + nft ct",
            Self::Route(Filter::Ipset) => "route + ipset ct",
        }
    }

    /// Whether frames are sent to it, not through it.
    pub(crate) const fn is_router(self) -> bool {
        matches!(self, Self::Route(_))
    }

    /// Whether such frames arrive.
    pub(crate) const fn lets_pass(self, traffic: Traffic) -> bool {
        match self {
            Self::Drop => false,
            Self::Redirect | Self::Bridge(Filter::Open) | Self::Route(Filter::Open) => true,
            // Its sets know addresses only.
            Self::Bridge(Filter::Ipset) | Self::Route(Filter::Ipset) => {
                !matches!(traffic, Traffic::Denied)
            }
            Self::Learn => !matches!(traffic, Traffic::Unknown),
            Self::Xiot | Self::Bridge(_) | Self::Route(_) => {
                !matches!(traffic, Traffic::Denied | Traffic::Unknown)
            }
        }
    }
}

/// One of them, at work.
pub(crate) enum Gateway {
    Program(#[expect(dead_code, reason = "it stays attached")] Vec<Attached>),
    Xiot(Box<datapath::Gateway>),
    Kernel { tracks: bool },
}

impl Gateway {
    /// With room for so many flows.
    pub(crate) fn start(kind: Kind, rig: &Rig, site: &Site, flows: u32) -> Self {
        let on_both = |name| {
            Self::Program(vec![
                attach(&rig.gateway, name, DEVICE_PORT, Some(UPLINK_PORT)),
                attach(&rig.gateway, name, UPLINK_PORT, Some(DEVICE_PORT)),
            ])
        };
        match kind {
            Kind::Drop => on_both("discard"),
            Kind::Redirect => on_both("forward"),
            Kind::Xiot => Self::Xiot(Box::new(xiot::start(rig, site, Mode::Enforce, flows))),
            Kind::Learn => Self::Xiot(Box::new(xiot::start(rig, site, Mode::Learn, flows))),
            Kind::Bridge(filter) => Self::kernel(filter, || kernel::bridge(rig, filter, site)),
            Kind::Route(filter) => Self::kernel(filter, || kernel::route(rig, filter, site)),
        }
    }

    fn kernel(filter: Filter, start: impl FnOnce()) -> Self {
        start();
        Self::Kernel {
            tracks: matches!(filter, Filter::Stateful | Filter::Ipset),
        }
    }

    /// Forgets all conversations.
    pub(crate) fn forget(&self, rig: &Rig) {
        match self {
            Self::Program(_) | Self::Kernel { tracks: false } => {}
            Self::Xiot(gateway) => gateway.datapath().clear_flows().expect("it is there"),
            Self::Kernel { tracks: true } => kernel::forget(rig),
        }
    }

    /// What it says that it did, for messages.
    pub(crate) fn account(&self) -> String {
        let Self::Xiot(gateway) = self else {
            return String::new();
        };
        let counters = Counters::open(gateway.datapath()).expect("they are there");
        let counters = counters.reasons([0, 1]).expect("they can be read");
        let counters = counters
            .iter()
            .filter(|counter| counter.total.forwarded_frames + counter.total.dropped_frames > 0);
        let counters = counters.map(|counter| format!("{:?} {:?}", counter.reason, counter.total));
        counters.collect::<Vec<_>>().join("; ")
    }
}
