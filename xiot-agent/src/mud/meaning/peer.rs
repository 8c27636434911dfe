//! Who the other side of an entry is: a name, a network or a role, and never two of them.

use std::net::{IpAddr, Ipv4Addr};

use ipnetwork::IpNetwork;

use super::{
    conversation::Peer,
    entry::{Family, Side},
    reason::Reason,
};
use crate::{
    mud::file::{Ethernet, Ip, Role},
    unit::{dns_name::DnsName, mud_url},
};

/// The MAC address of frames to everybody.
const BROADCAST: &str = "ff:ff:ff:ff:ff:ff";

/// The other side of an entry of this family.
pub(super) fn peer(
    side: Side,
    family: Family,
    eth: Option<&Ethernet>,
    ip: &Ip,
    role: Option<&Role>,
    maker: &str,
) -> Result<Peer, Reason> {
    let broadcast = broadcast(side, eth)?;
    let (name, network) = address(side, family, ip)?;
    let mut roles = role.map(|role| of_role(role, maker)).transpose()?;
    let network = network.map(|text| read_network(text, family)).transpose()?;
    // What goes to a group never leaves the local networks.
    if network.is_some_and(is_group) && roles == Some(Peer::LocalNetworks) {
        roles = None;
    }
    let network = network.map(Peer::Network);
    let name = name.map(read_name).transpose()?.map(Peer::Dns);
    let mut all = [name, network, roles].into_iter().flatten();
    let peer = match (all.next(), all.next()) {
        (Some(first), Some(second)) => {
            let said = format!("{} and {}", said(&first), said(&second));
            return Err(Reason::SeveralPeers(said));
        }
        (Some(peer), None) => peer,
        (None, _) => Peer::Network(family.all()),
    };
    if !broadcast {
        return Ok(peer);
    }
    let group = matches!(peer, Peer::Network(network) if network.ip() == Ipv4Addr::BROADCAST);
    let local = peer == Peer::LocalNetworks || peer == Peer::Network(Family::V4.all());
    match (group, local) {
        (true, _) => Ok(peer),
        (false, true) => Ok(Peer::LocalBroadcast),
        (false, false) => Err(Reason::SeveralPeers(format!(
            "{} and {BROADCAST}",
            said(&peer)
        ))),
    }
}

/// Whether the frame goes to everybody; any other MAC address is none of ours.
fn broadcast(side: Side, eth: Option<&Ethernet>) -> Result<bool, Reason> {
    let Some(eth) = eth else {
        return Ok(false);
    };
    if let Some(mac) = &eth.source_mac_address {
        return Err(Reason::Mac(mac.clone()));
    }
    match &eth.destination_mac_address {
        None => Ok(false),
        Some(mac) if side == Side::From && mac.eq_ignore_ascii_case(BROADCAST) => Ok(true),
        Some(mac) => Err(Reason::Mac(mac.clone())),
    }
}

/// Name and network of the other side; what is said of the device's own is an error.
fn address(side: Side, family: Family, ip: &Ip) -> Result<(Option<&str>, Option<&str>), Reason> {
    let (destination, source, foreign) = match family {
        Family::V4 => (
            &ip.destination_ipv4_network,
            &ip.source_ipv4_network,
            [&ip.destination_ipv6_network, &ip.source_ipv6_network],
        ),
        Family::V6 => (
            &ip.destination_ipv6_network,
            &ip.source_ipv6_network,
            [&ip.destination_ipv4_network, &ip.source_ipv4_network],
        ),
    };
    if foreign.into_iter().any(Option::is_some) {
        return Err(Reason::Nothing("of IPv4 and of IPv6"));
    }
    let destination = (ip.dst_dnsname.as_deref(), destination.as_deref());
    let source = (ip.src_dnsname.as_deref(), source.as_deref());
    let (peer, own) = match side {
        Side::From => (destination, source),
        Side::To => (source, destination),
    };
    match own {
        (None, None) => Ok(peer),
        _ => Err(Reason::OwnAddress),
    }
}

fn of_role(role: &Role, maker: &str) -> Result<Peer, Reason> {
    if let Some(key) = role.unknown.keys().next() {
        return Err(Reason::Condition(key.clone()));
    }
    let maker_of = |text: &String| {
        let host = text.to_ascii_lowercase();
        // Some write the URL in place of its host.
        mud_url::authority(&host)
            .or_else(|_| mud_url::authority(&format!("https://{host}/")))
            .map(Peer::Manufacturer)
            .map_err(|_no_host| Reason::Url(text.clone()))
    };
    let model = |url: &String| match mud_url::authority(url) {
        Ok(_) => Ok(Peer::Model(url.clone())),
        Err(_) => Err(Reason::Url(url.clone())),
    };
    let class = |uri: &String| {
        if mud_url::is_uri(uri) {
            Ok(Peer::Controller(uri.clone()))
        } else {
            Err(Reason::Url(uri.clone()))
        }
    };
    let all = [
        role.controller.as_ref().map(class),
        role.my_controller.map(|()| Ok(Peer::MyController)),
        role.local_networks.map(|()| Ok(Peer::LocalNetworks)),
        role.same_manufacturer
            .map(|()| Ok(Peer::Manufacturer(maker.to_owned()))),
        role.manufacturer.as_ref().map(maker_of),
        role.model.as_ref().map(model),
    ];
    let mut all = all.into_iter().flatten();
    match (all.next(), all.next()) {
        (Some(peer), None) => peer,
        (Some(first), Some(second)) => Err(Reason::SeveralPeers(format!(
            "{} and {}",
            said(&first?),
            said(&second?)
        ))),
        (None, _) => Err(Reason::Unknown("ietf-mud:mud".to_owned())),
    }
}

/// A network as files write it: some leave the prefix length out where it is a single address.
fn read_network(text: &str, family: Family) -> Result<IpNetwork, Reason> {
    let wrong = || Reason::Network(text.to_owned());
    let network: IpNetwork = match text.parse::<IpAddr>() {
        Ok(address) => address.into(),
        Err(_) => text.parse().map_err(|_no_network| wrong())?,
    };
    if network.is_ipv4() != (family == Family::V4) {
        return Err(wrong());
    }
    // Bits beyond the prefix have no meaning (RFC 6991, `ipv4-prefix`).
    IpNetwork::new(network.network(), network.prefix()).map_err(|_no_network| wrong())
}

/// Whether a network has groups alone: multicast or limited broadcast.
fn is_group(network: IpNetwork) -> bool {
    match network {
        IpNetwork::V4(own) => {
            own.ip() == Ipv4Addr::BROADCAST || (own.ip().is_multicast() && own.prefix() >= 4)
        }
        IpNetwork::V6(own) => own.ip().is_multicast() && own.prefix() >= 8,
    }
}

fn read_name(text: &str) -> Result<DnsName, Reason> {
    DnsName::parse(text).map_err(|_no_name| Reason::Name(text.to_owned()))
}

/// A peer in a sentence.
fn said(peer: &Peer) -> String {
    match peer {
        Peer::Network(network) => network.to_string(),
        Peer::Dns(name) => name.to_string(),
        Peer::Controller(name) | Peer::Model(name) | Peer::Manufacturer(name) => name.clone(),
        Peer::MyController => "my-controller".to_owned(),
        Peer::LocalBroadcast => "broadcast".to_owned(),
        Peer::LocalNetworks => "local-networks".to_owned(),
    }
}
