//! Addresses of hosts on the uplink side, as written.

use std::{collections::HashMap, net::IpAddr};

use super::{device::fault, peer::read_address};
use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Spanned, one_or_many, text},
        limit::MAX_UPLINK_ADDRESSES,
        yaml::Node,
    },
};

pub(super) fn read_uplink_addresses(
    node: Option<&Node<'_>>,
    report: &mut Report,
) -> Vec<Spanned<IpAddr>> {
    let Some(node) = node else {
        return Vec::new();
    };
    let nodes = one_or_many(node);
    if nodes.is_empty() {
        report.push(
            Diagnostic::new(
                Code::EmptyList,
                node.span,
                "`uplink_addresses` lists nothing",
            )
            .hint("list the routers of the devices' networks, or leave it out"),
        );
    }
    if let Some(beyond) = nodes.get(MAX_UPLINK_ADDRESSES) {
        report.push(Diagnostic::new(
            Code::TooLong,
            beyond.span,
            format!("at most {MAX_UPLINK_ADDRESSES} addresses of the uplink can be listed"),
        ));
    }
    let mut seen = HashMap::new();
    let mut addresses = Vec::new();
    for node in nodes.iter().take(MAX_UPLINK_ADDRESSES) {
        let Some(text) = text(node, "an address", report) else {
            continue;
        };
        let Some(address) = read_address(text.value, text.span, report) else {
            continue;
        };
        if let Some(fault) = fault(address) {
            report.push(Diagnostic::new(
                Code::BadAddress,
                text.span,
                format!("`{address}` is {fault}: it belongs to no host"),
            ));
        } else if let Some(first) = seen.insert(address, text.span) {
            report.push(
                Diagnostic::new(
                    Code::DuplicateAddress,
                    text.span,
                    format!("address {address} is listed twice"),
                )
                .note(first, "listed here already"),
            );
        } else {
            addresses.push(Spanned::new(address, text.span));
        }
    }
    addresses
}
