//! From the service's types to the wire's and back, by hand: a field that is renamed inside must not rename a key
//! outside.

mod binding;
mod change;
mod compare;
mod decide;
mod device;
mod drop;
mod explain;
mod flow;
mod learned;
mod named;
mod observed;
mod promotion;
mod reload;
mod simulate;
mod status;

pub(crate) use binding::{binding, binding_filter};
pub(crate) use change::{candidate, change, plan, revision};
pub(crate) use compare::{compare_wanted, comparison};
pub(crate) use decide::{decided, wish};
pub(crate) use device::device;
pub(crate) use drop::{DropFilter, drop};
pub use explain::{explanation, query};
pub(crate) use flow::{filter, flow};
pub(crate) use learned::{learned_conversation, learned_device, proposal, wanted};
pub(crate) use named::{named, named_filter};
pub(crate) use observed::{observed, observed_filter};
pub(crate) use promotion::{promotion, promotion_wanted};
pub(crate) use reload::reload;
pub(crate) use simulate::simulate_wanted;
pub use simulate::{replayed, simulation};
pub(crate) use status::status;

use std::net::IpAddr;

use super::{given, wire};
use crate::{
    service::state::{Opener, RuleRef, Verdict, Vlans},
    unit,
};

/// Why, if anybody said.
fn reason(text: Option<&str>) -> Result<Option<String>, String> {
    let text = text.map(given::reason).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}

const fn verdict(verdict: Verdict) -> wire::Verdict {
    match verdict {
        Verdict::Forwarded => wire::Verdict::Forwarded,
        Verdict::WouldDrop => wire::Verdict::WouldDrop,
        Verdict::Dropped => wire::Verdict::Dropped,
    }
}

fn vlan(vlans: Vlans) -> String {
    unit::vlan::format((vlans.outer, vlans.inner))
}

fn rule(rule: RuleRef) -> wire::Rule {
    wire::Rule {
        id: rule.id,
        label: rule.label,
        file: rule.file,
        line: rule.line,
    }
}

/// `tcp`, `udp`, `icmp`, `icmpv6`, or the number.
fn protocol(number: u8) -> String {
    match number {
        1 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        58 => "icmpv6".to_owned(),
        other => other.to_string(),
    }
}

/// Type and code of an ICMP message; none: it is none. ICMP in IPv6 and ICMPv6 in IPv4 are protocols without ports.
const fn icmp(protocol: u8, address: IpAddr, port: u16) -> Option<(u8, u8)> {
    let [kind, code] = port.to_be_bytes();
    match (protocol, address) {
        (1, IpAddr::V4(_)) | (58, IpAddr::V6(_)) => Some((kind, code)),
        _ => None,
    }
}

fn opener(opener: Opener) -> String {
    match opener {
        Opener::Device => "device".to_owned(),
        Opener::Peer => "peer".to_owned(),
    }
}

#[cfg(test)]
mod tests;
