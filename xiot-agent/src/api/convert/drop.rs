//! Drops, and which of them a client wants.

use jiff::{SignedDuration, Timestamp};

use super::{protocol, rule, vlan};
use crate::{
    api::wire,
    service::state::words::{mode, side},
    service::state::{Drop, Reason},
    unit,
};

/// Which drops a client wants, checked.
#[derive(Clone, Debug)]
pub(crate) struct DropFilter {
    since: Option<Timestamp>,
    device: Option<DeviceName>,
    reason: Option<Reason>,
}

#[derive(Clone, Debug)]
struct DeviceName {
    name: String,
    mac: Option<[u8; 6]>,
}

/// A filter that makes no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DropFilterError {
    /// No reason of this name.
    #[error("there is no reason `{0}`: docs/judgement.md lists them")]
    UnknownReason(String),
}

impl DropFilter {
    /// Checks what the client asked for; "since" counts from now.
    pub(crate) fn new(query: &wire::DropsQuery) -> Result<Self, DropFilterError> {
        let reason = query
            .reason
            .as_ref()
            .map(|name| {
                Reason::ALL
                    .iter()
                    .copied()
                    .find(|reason| reason.name() == name)
                    .ok_or_else(|| DropFilterError::UnknownReason(name.clone()))
            })
            .transpose()?;
        let since = query.since_seconds.map(|seconds| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            // A time too long to subtract reaches back before anything that is kept.
            Timestamp::now()
                .checked_sub(SignedDuration::from_secs(seconds))
                .unwrap_or(Timestamp::MIN)
        });
        let device = query.device.as_ref().map(|name| DeviceName {
            name: name.clone(),
            mac: unit::mac::parse(name).ok(),
        });
        Ok(Self {
            since,
            device,
            reason,
        })
    }

    /// Oldest drop that is wanted.
    pub(crate) const fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Whether the client wants this one, time apart.
    pub(crate) fn wants(&self, drop: &Drop) -> bool {
        let device = self.device.as_ref().is_none_or(|wanted| {
            drop.device.as_ref() == Some(&wanted.name)
                || wanted
                    .mac
                    .is_some_and(|mac| mac == drop.src_mac || mac == drop.dst_mac)
        });
        device && self.reason.is_none_or(|reason| reason == drop.reason)
    }
}

pub(crate) fn drop(drop: &Drop) -> wire::Drop {
    let parsed = drop.src.is_some();
    let ports = matches!(drop.protocol, 6 | 17);
    let icmp = matches!(drop.protocol, 1 | 58) && parsed;
    wire::Drop {
        sequence: drop.sequence,
        time: drop.time,
        wire: drop.wire.clone(),
        side: side(drop.side).to_owned(),
        verdict: if drop.dropped {
            wire::Verdict::Dropped
        } else {
            wire::Verdict::WouldDrop
        },
        mode: mode(drop.mode).to_owned(),
        reason: drop.reason.name().to_owned(),
        meaning: drop.reason.doc().to_owned(),
        device: drop.device.clone(),
        src_mac: unit::mac::format(drop.src_mac),
        dst_mac: unit::mac::format(drop.dst_mac),
        vlan: vlan(drop.vlans),
        ethertype: ethertype(drop.ethertype),
        protocol: parsed.then(|| protocol(drop.protocol)),
        src: drop.src.map(|end| end.address),
        src_port: drop.src.filter(|_| ports).map(|end| end.port),
        dst: drop.dst.map(|end| end.address),
        dst_port: drop.dst.filter(|_| ports).map(|end| end.port),
        icmp: drop.dst.filter(|_| icmp).map(|end| {
            let [kind, code] = end.port.to_be_bytes();
            (kind, code)
        }),
        tcp_flags: (drop.protocol == 6 && parsed).then(|| flags(drop.tcp_flags)),
        length: drop.length,
        rule: drop.rule.clone().map(rule),
        suppressed: drop.suppressed,
    }
}

fn ethertype(number: u16) -> String {
    match number {
        0x0800 => "ipv4".to_owned(),
        0x86dd => "ipv6".to_owned(),
        0x0806 => "arp".to_owned(),
        other => format!("{other:#06x}"),
    }
}

fn flags(bits: u8) -> String {
    "FSRPAU"
        .chars()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, letter)| letter)
        .collect()
}
