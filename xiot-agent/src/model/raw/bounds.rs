//! Timeouts and limits of a profile as written: what is not written comes from elsewhere.

use std::time::Duration;

use crate::{
    diag::Report,
    model::{
        decode::{Fields, Numbers, counts, duration_within},
        limit::{FLOW_RATE, TIMEOUT},
        policy::{Limits, Timeouts},
        yaml::Node,
    },
};

const TIMEOUTS: [&str; 7] = [
    "tcp-handshake",
    "tcp-established",
    "tcp-closing",
    "udp-unreplied",
    "udp-replied",
    "icmp",
    "other",
];

/// Timeouts, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct RawTimeouts([Option<Duration>; TIMEOUTS.len()]);

impl RawTimeouts {
    pub(super) fn read(node: Option<&Node<'_>>, report: &mut Report) -> Self {
        let fields = node.and_then(|node| Fields::read(node, "`timeouts`", &TIMEOUTS, report));
        Self(TIMEOUTS.map(|key| {
            let node = fields.as_ref()?.get(key)?;
            duration_within(node, "a timeout", &TIMEOUT, report)
        }))
    }

    /// These, and those of `base` where nothing is written.
    pub(crate) fn over(&self, mut base: Timeouts) -> Timeouts {
        let slots = [
            &mut base.tcp_handshake,
            &mut base.tcp_established,
            &mut base.tcp_closing,
            &mut base.udp_unreplied,
            &mut base.udp_replied,
            &mut base.icmp,
            &mut base.other,
        ];
        for (slot, written) in slots.into_iter().zip(self.0) {
            *slot = written.unwrap_or(*slot);
        }
        base
    }
}

/// Limits.
#[derive(Debug, Default)]
pub(crate) struct RawLimits {
    new_flows: Option<u32>,
    fragments: Option<u32>,
}

impl RawLimits {
    pub(super) fn read(node: Option<&Node<'_>>, report: &mut Report) -> Self {
        // No limit is zero: that is what is not written.
        let (mut new_flows, mut fragments) = (0, 0);
        let rate = Numbers {
            what: "a number per second",
            range: FLOW_RATE,
        };
        let slots = [
            ("new-flows", &rate, &mut new_flows),
            ("fragments", &rate, &mut fragments),
        ];
        counts(node, "`limits`", slots, report);
        let written = |number| Some(number).filter(|number| *number != 0);
        Self {
            new_flows: written(new_flows),
            fragments: written(fragments),
        }
    }

    /// These, and those of `base` where nothing is written.
    pub(crate) fn over(&self, base: Limits) -> Limits {
        Limits {
            new_flows: self.new_flows.unwrap_or(base.new_flows),
            fragments: self.fragments.unwrap_or(base.fragments),
        }
    }
}
