//! Peers: addresses, networks, DNS names, and names of sets, devices and groups.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Fields, check_name, name, one_or_many, shorten, text},
        yaml::{Node, Value},
    },
    unit::dns_name::DnsName,
};

/// One peer as written.
#[derive(Debug)]
pub(crate) struct RawPeer<'n> {
    pub(crate) peer: Peer<'n>,
    pub(crate) span: Span,
}

/// What a peer is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Peer<'n> {
    /// Every address of both families.
    Any,
    /// An address or a network.
    Network(IpNetwork),
    /// The addresses that a DNS name has.
    Dns(DnsName),
    /// A peer set.
    Set(&'n str),
    /// The addresses of a device.
    Device(&'n str),
    /// The addresses of all devices of a group.
    Group(&'n str),
}

impl Peer<'_> {
    /// As it stands in a rule's label.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Any => "any".to_owned(),
            Self::Network(network) => network_label(*network),
            Self::Dns(name) => format!("dns {name}"),
            Self::Set(name) => (*name).to_owned(),
            Self::Device(name) => format!("device {name}"),
            Self::Group(name) => format!("group {name}"),
        }
    }
}

/// A network without the prefix where it is a single address.
pub(crate) fn network_label(network: IpNetwork) -> String {
    let whole = match network {
        IpNetwork::V4(_) => 32,
        IpNetwork::V6(_) => 128,
    };
    if network.prefix() == whole {
        network.ip().to_string()
    } else {
        network.to_string()
    }
}

/// Every address of both families.
pub(crate) fn any_networks() -> [IpNetwork; 2] {
    let v4 = Ipv4Network::new(Ipv4Addr::UNSPECIFIED, 0).expect("0 is an IPv4 prefix length");
    let v6 = Ipv6Network::new(Ipv6Addr::UNSPECIFIED, 0).expect("0 is an IPv6 prefix length");
    [v4.into(), v6.into()]
}

/// Reads one peer or a list of peers; nothing at all is an empty list.
pub(crate) fn read_peers<'n>(node: &'n Node<'_>, report: &mut Report) -> Vec<RawPeer<'n>> {
    if node.is_empty() {
        return Vec::new();
    }
    let nodes = one_or_many(node);
    let mut peers = Vec::with_capacity(nodes.len());
    for node in nodes {
        if let Some(peer) = read_peer(node, report) {
            peers.push(RawPeer {
                peer,
                span: node.span,
            });
        }
    }
    peers
}

fn read_peer<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<Peer<'n>> {
    match &node.value {
        Value::Map(_) => read_reference(node, report),
        Value::Null | Value::Scalar(_) | Value::Seq(_) => {
            let text = text(
                node,
                "an address, a network, the name of a peer set, or `{device: NAME}`",
                report,
            )?;
            read_text(text.value, text.span, report)
        }
    }
}

fn read_text<'n>(text: &'n str, span: Span, report: &mut Report) -> Option<Peer<'n>> {
    if text == "any" {
        return Some(Peer::Any);
    }
    if looks_like_address(text) {
        return read_network(text, span, report).map(Peer::Network);
    }
    check_name(text, span, "a peer set", report).then_some(Peer::Set(text))
}

fn read_reference<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<Peer<'n>> {
    let fields = Fields::read(node, "a peer", &["device", "dns", "group", "set"], report)?;
    let device = fields.get("device").map(|node| (node, "a device"));
    let group = fields.get("group").map(|node| (node, "a group"));
    let set = fields.get("set").map(|node| (node, "a peer set"));
    let dns = fields.get("dns");
    match (device, group, set, dns) {
        (Some((node, what)), None, None, None) => {
            name(node, what, report).map(|name| Peer::Device(name.value))
        }
        (None, Some((node, what)), None, None) => {
            name(node, what, report).map(|name| Peer::Group(name.value))
        }
        (None, None, Some((node, what)), None) => {
            name(node, what, report).map(|name| Peer::Set(name.value))
        }
        (None, None, None, Some(node)) => read_dns(node, report).map(Peer::Dns),
        _ => {
            report.push(
                Diagnostic::new(
                    Code::WrongType,
                    node.span,
                    "a peer is exactly one of `device`, `dns`, `group` and `set`",
                )
                .hint("write them as entries of a list, `[{device: a}, {group: b}]`"),
            );
            None
        }
    }
}

fn read_dns(node: &Node<'_>, report: &mut Report) -> Option<DnsName> {
    let text = text(node, "a DNS name", report)?;
    let name = DnsName::parse(text.value);
    if let Err(error) = name {
        report.push(
            Diagnostic::new(
                Code::BadDnsName,
                text.span,
                format!("`{}` is not the DNS name of a host", shorten(text.value)),
            )
            .hint(error.to_string()),
        );
    }
    name.ok()
}

/// Whether a text can only be meant as an address: digits with dots or a slash, or anything with a colon.
pub(crate) fn looks_like_address(text: &str) -> bool {
    let digits = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | '/'));
    digits && text.contains(['.', '/']) || text.contains([':', '/'])
}

/// An address or a network without bits set beyond its prefix.
pub(crate) fn read_network(text: &str, span: Span, report: &mut Report) -> Option<IpNetwork> {
    let Some(network) = parse_network(text) else {
        report.push(
            Diagnostic::new(
                Code::BadAddress,
                span,
                format!("`{}` is not an address or a network", shorten(text)),
            )
            .hint("write `10.20.8.11`, `10.20.8.0/24`, `fd00::1` or `fd00::/64`"),
        );
        return None;
    };
    if let Some(hint) = mapped(network.ip()) {
        report.push(bad_mapped(text, span, &hint));
        return None;
    }
    if network.ip() != network.network() {
        let meant = IpNetwork::new(network.network(), network.prefix())
            .expect("the prefix length was valid before");
        report.push(
            Diagnostic::new(
                Code::HostBits,
                span,
                format!("`{text}` has bits set beyond its prefix"),
            )
            .hint(format!(
                "write `{meant}` for the network or `{}` for the address",
                network.ip()
            )),
        );
        return None;
    }
    Some(network)
}

/// Netmasks in dotted form are not accepted: they hide typos that a prefix length cannot have.
fn parse_network(text: &str) -> Option<IpNetwork> {
    match text.split_once('/') {
        None => text.parse::<IpAddr>().ok().map(IpNetwork::from),
        Some((address, prefix)) => {
            let address: IpAddr = address.parse().ok()?;
            let digits = !prefix.is_empty() && prefix.chars().all(|c| c.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|_: &u8| digits)?;
            IpNetwork::new(address, prefix).ok()
        }
    }
}

/// Reads a single address.
pub(crate) fn read_address(text: &str, span: Span, report: &mut Report) -> Option<IpAddr> {
    match text.parse() {
        Ok(address) => match mapped(address) {
            None => Some(address),
            Some(hint) => {
                report.push(bad_mapped(text, span, &hint));
                None
            }
        },
        Err(_not_an_address) => {
            let diagnostic = Diagnostic::new(
                Code::BadAddress,
                span,
                format!("`{}` is not an address", shorten(text)),
            );
            report.push(match parse_network(text) {
                Some(network) => {
                    diagnostic.hint(format!("write the address alone: `{}`", network.ip()))
                }
                None => diagnostic.hint("write `10.30.1.12` or `fd00::12`"),
            });
            None
        }
    }
}

/// The IPv4 address in an IPv4-mapped one. The data path holds both families in one space, where these are IPv4.
fn mapped(address: IpAddr) -> Option<String> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => address.to_ipv4_mapped().map(|v4| v4.to_string()),
    }
}

fn bad_mapped(text: &str, span: Span, v4: &str) -> Diagnostic {
    Diagnostic::new(
        Code::BadAddress,
        span,
        format!("`{}` is an IPv4 address in IPv6 notation", shorten(text)),
    )
    .hint(format!("write `{v4}`"))
}
