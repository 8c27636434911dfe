//! Conversations that were dropped, and those that there are flows of, as learning knows them.

use xiot_common::{
    guard::objector,
    reason::{Class, Reason},
};

use crate::{
    collect,
    learn::{
        conversation::{Conversation, Initiator},
        device::Identity,
    },
    model::policy::Mode,
    service::{
        learner::listed,
        names::Names,
        state::{Drop, Side},
        view,
    },
    unit,
};

/// A conversation that was dropped.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Suspect {
    /// As the policy lists the device.
    pub(super) listed: Identity,
    /// As it was seen.
    pub(super) device: Identity,
    pub(super) conversation: Conversation,
}

/// Whether mode monitor would let pass what was dropped for this: not what is malformed, nor what a guard objects to, nor what comes from quarantine.
pub(super) fn is_due_to_rules(mode: Mode, reason: Reason) -> bool {
    mode == Mode::Enforce
        && reason.class() == Class::Denied
        && reason != Reason::Quarantined
        && objector(reason).is_none()
}

/// What was dropped, of a listed device; none: of another, or it was not parsed so far.
pub(super) fn suspect_of(names: &Names, drop: &Drop) -> Option<Suspect> {
    let (mac, initiator, peer) = match drop.side {
        Side::Device => (drop.src_mac, Initiator::Device, drop.dst?),
        Side::Uplink => (drop.dst_mac, Initiator::Peer, drop.src?),
    };
    let it = names.listed(mac, drop.vlans)?;
    Some(Suspect {
        listed: listed(it.mac, it.vlan),
        device: Identity {
            mac,
            vlans: (drop.vlans.outer, drop.vlans.inner),
        },
        conversation: Conversation {
            initiator,
            midstream: false,
            protocol: drop.protocol,
            port: drop.dst?.port,
            peer: peer.address,
        },
    })
}

/// Which conversation a flow is, and whose.
pub(super) fn conversation_of(flow: &collect::Flow) -> (Identity, Conversation) {
    let (device, peer) = (flow.device_end(), flow.peer_end());
    let (initiator, port) = if flow.is_peer_initiated() {
        (Initiator::Peer, device.port)
    } else {
        (Initiator::Device, peer.port)
    };
    let identity = Identity {
        mac: flow.key.mac.0,
        vlans: (flow.key.vlans.outer, flow.key.vlans.inner),
    };
    let conversation = Conversation {
        initiator,
        midstream: false,
        protocol: flow.key.protocol,
        port,
        peer: view::address(peer.address),
    };
    (identity, conversation)
}

/// A conversation for people: `tcp 3613 to 10.20.8.11`.
pub(super) fn words(conversation: &Conversation) -> String {
    let Conversation {
        protocol,
        port,
        peer,
        ..
    } = conversation;
    let direction = match conversation.initiator {
        Initiator::Device => "to",
        Initiator::Peer => "from",
    };
    let protocol_name = unit::protocol::format(*protocol);
    match protocol {
        6 | 17 => format!("{protocol_name} {port} {direction} {peer}"),
        1 | 58 => format!(
            "{protocol_name} {}/{} {direction} {peer}",
            port >> 8,
            port & 0xff
        ),
        _ => format!("{protocol_name} {direction} {peer}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_monitor_would_let_pass_makes_a_suspect() {
        assert!(is_due_to_rules(Mode::Enforce, Reason::NoPort));
        assert!(is_due_to_rules(Mode::Enforce, Reason::TcpNoFlow));
        assert!(!is_due_to_rules(Mode::Monitor, Reason::NoPort));
        for reason in [
            Reason::Quarantined,
            Reason::ArpSpoofed,
            Reason::AddressClaimed,
            Reason::AllowedRule,
        ] {
            assert!(!is_due_to_rules(Mode::Enforce, reason), "{reason:?}");
        }
        let malformed = Reason::ALL
            .iter()
            .filter(|it| it.class() == Class::Malformed);
        for &reason in malformed {
            assert!(!is_due_to_rules(Mode::Enforce, reason), "{reason:?}");
        }
    }
}
