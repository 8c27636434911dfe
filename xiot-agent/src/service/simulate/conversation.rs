//! A conversation that was learned, put to the program as if it were opened now.

use std::net::IpAddr;

use xiot_common::{addr, name::NamesKey};

use crate::{
    compile::name_hash,
    learn::{
        conversation::{Conversation, Initiator},
        device::Identity,
        told::Told,
    },
    model::policy::{Device, DnsName},
    service::{
        explain::{self, Judge as _, JudgeError, Judgement, Program},
        state::Side,
    },
};

/// What becomes of this conversation of a device, which is listed as `device` if it is, by the policy of this instance. The peer has each name that the
/// device was ever told: rules name it now, whenever that was.
pub fn judge(
    program: &mut Program,
    wires: &[String],
    device: Option<&Device>,
    (identity, told): (&Identity, &Told),
    conversation: &Conversation,
) -> Result<Judgement, JudgeError> {
    let own = own_address(program, device, identity, conversation.peer);
    let wire = device
        .and_then(|device| device.wire.as_ref())
        .and_then(|name| wires.iter().position(|wire| wire == name))
        .unwrap_or(0);
    let (outer, inner) = identity.vlans;
    let key = NamesKey {
        mac: addr::Mac(identity.mac),
        wire: u16::try_from(wire).map_err(|error| JudgeError(error.into()))?,
        vlans: addr::Vlans { outer, inner },
    };
    let side = match conversation.initiator {
        Initiator::Device => Side::Device,
        Initiator::Peer => Side::Uplink,
    };
    let frame = explain::opening_frame(
        (identity.mac, own),
        conversation.peer,
        side,
        identity.vlans.into(),
        (conversation.protocol, conversation.port),
    )?;
    let names = names(told, conversation.peer);
    program.judge_conversation(key, (own, conversation.peer), &names, (side, &frame))
}

/// Names of an address as the program knows them.
fn names(told: &Told, address: IpAddr) -> Vec<u64> {
    let names = told.names().get(&address).into_iter().flatten();
    let names = names.filter_map(|(name, _)| DnsName::parse(name).ok());
    names.map(|name| name_hash(&name)).collect()
}

/// The address that the device has of this family: one of the policy, one that is known to be bound to it, or one that stands for any.
fn own_address(
    program: &Program,
    device: Option<&Device>,
    identity: &Identity,
    peer: IpAddr,
) -> IpAddr {
    let listed = device.map_or(&[][..], |device| &device.addresses);
    let bound = program.bound(identity.mac);
    let mut all = listed.iter().chain(&bound).chain(&explain::PLACEHOLDERS);
    let same_family = all.find(|address| address.is_ipv4() == peer.is_ipv4());
    same_family.copied().unwrap_or(peer)
}
