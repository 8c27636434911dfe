//! Where the site's infrastructure is, as written.

use std::net::IpAddr;

use super::{
    RawPeer,
    peer::{read_address, read_peers},
};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Fields, Spanned, one_or_many, text},
        yaml::Node,
    },
};

/// Servers as written.
#[derive(Debug, Default)]
pub(crate) struct RawServices<'n> {
    /// None: not written.
    pub(crate) dns: Option<Vec<RawPeer<'n>>>,
    /// None: not written.
    pub(crate) ntp: Option<Vec<RawPeer<'n>>>,
    pub(crate) dhcp: Vec<Spanned<IpAddr>>,
}

pub(super) fn read_services<'n>(
    node: Option<&'n Node<'_>>,
    report: &mut Report,
) -> RawServices<'n> {
    let Some(fields) =
        node.and_then(|node| Fields::read(node, "`services`", &["dns", "ntp", "dhcp"], report))
    else {
        return RawServices::default();
    };
    let mut servers = |key| {
        let fields = Fields::read(fields.get(key)?, "a service", &["servers"], report)?;
        let servers = fields.require("servers", "`servers: [10.20.0.53]`", report)?;
        if servers.is_empty() {
            report.push(no_servers(servers.span));
        }
        Some(servers)
    };
    let (dns, ntp, dhcp) = (servers("dns"), servers("ntp"), servers("dhcp"));
    RawServices {
        dns: dns.map(|node| read_peers(node, report)),
        ntp: ntp.map(|node| read_peers(node, report)),
        dhcp: dhcp.map_or_else(Vec::new, |node| read_addresses(node, report)),
    }
}

fn no_servers(span: Span) -> Diagnostic {
    Diagnostic::new(Code::EmptyList, span, "`servers` lists nothing")
        .hint("list servers, or remove the service here")
}

fn read_addresses(node: &Node<'_>, report: &mut Report) -> Vec<Spanned<IpAddr>> {
    one_or_many(node)
        .iter()
        .filter_map(|node| {
            let text = text(node, "an address", report)?;
            let address = read_address(text.value, text.span, report)?;
            Some(Spanned::new(address, text.span))
        })
        .collect()
}
