//! Devices as written.

use std::net::IpAddr;

use super::{
    MODES,
    multicast::{check_group, read_group},
    no_duplicates,
    peer::read_address,
    profile::CRITICALITIES,
};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{
            Fields, Spanned, choice, free_text, name, one_or_many, text, with_unit, wrong_type,
        },
        limit::MAX_DEVICE_ADDRESSES,
        policy::{Criticality, Mode},
        yaml::{Node, Value},
    },
    unit::{mac, vlan},
};

/// A device as written. What could not be read is reported and missing.
#[derive(Debug)]
pub(crate) struct RawDevice<'n> {
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<&'n str>>,
    pub(crate) mac: Option<Spanned<[u8; 6]>>,
    pub(crate) vlan: Option<(u16, u16)>,
    pub(crate) wire: Option<Spanned<&'n str>>,
    pub(crate) addresses: Vec<Spanned<IpAddr>>,
    /// Whether `ip` was given, right or wrong, or is that of a group.
    pub(crate) has_ip: bool,
    /// It stands for a multicast group, which nothing comes from.
    pub(crate) is_group: bool,
    pub(crate) profile: Option<Spanned<&'n str>>,
    /// Given, right or wrong: the default does not apply.
    pub(crate) has_mode: bool,
    pub(crate) mode: Option<Mode>,
    pub(crate) criticality: Option<Criticality>,
    pub(crate) location: Option<String>,
    pub(crate) groups: Vec<Spanned<&'n str>>,
}

pub(super) fn read_devices<'n>(
    node: Option<&'n Node<'_>>,
    report: &mut Report,
) -> Vec<RawDevice<'n>> {
    let Some(node) = node else {
        return Vec::new();
    };
    match &node.value {
        Value::Seq(devices) => devices
            .iter()
            .filter_map(|device| read_device(device, report))
            .collect(),
        Value::Null | Value::Scalar(_) | Value::Map(_) => {
            wrong_type(node, "a list of devices", report);
            Vec::new()
        }
    }
}

fn read_device<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<RawDevice<'n>> {
    const KEYS: [&str; 11] = [
        "name",
        "mac",
        "multicast",
        "ip",
        "profile",
        "mode",
        "criticality",
        "location",
        "groups",
        "vlan",
        "wire",
    ];
    let fields = Fields::read(node, "a device", &KEYS, report)?;
    let name_node = fields.require("name", "`name: pump-icu-12`", report);
    let group_node = fields.get("multicast");
    let group = group_node.and_then(|node| read_group(node, report));
    if group_node.is_some() {
        check_group(&fields, group, report);
    }
    let mac = if group_node.is_some() {
        group.map(|group| Spanned::new(group.value.mac, group.span))
    } else {
        let hint = "`mac: \"00:03:b1:00:00:12\"`, or `multicast: ADDRESS` for a group";
        let node = fields.require("mac", hint, report);
        node.and_then(|node| read_mac(node, report))
    };
    let profile_node = fields.require("profile", "the name of one of `profiles`", report);
    let (ip, mode) = (fields.get("ip"), fields.get("mode"));
    let groups = fields.get("groups").map_or(&[][..], one_or_many);
    no_duplicates(groups, "group", report);
    let mut addresses = ip.map_or_else(Vec::new, |node| read_bindings(node, report));
    if let Some(group) = group {
        addresses.insert(0, Spanned::new(group.value.address, group.span));
    }
    Some(RawDevice {
        span: node.span,
        name: name_node.and_then(|node| name(node, "a device", report)),
        mac,
        vlan: fields
            .get("vlan")
            .and_then(|node| with_unit(node, Code::BadVlan, "a VLAN", vlan::parse, report)),
        wire: fields
            .get("wire")
            .and_then(|node| name(node, "a wire", report)),
        addresses,
        has_ip: ip.is_some() || group_node.is_some(),
        is_group: group_node.is_some(),
        profile: profile_node.and_then(|node| name(node, "a profile", report)),
        has_mode: mode.is_some(),
        mode: mode.and_then(|node| choice(node, "a mode", &MODES, report)),
        criticality: fields
            .get("criticality")
            .and_then(|node| choice(node, "a criticality", &CRITICALITIES, report)),
        location: fields
            .get("location")
            .and_then(|node| free_text(node, "the location", report)),
        groups: groups
            .iter()
            .filter_map(|node| name(node, "a group", report))
            .collect(),
    })
}

fn read_mac(node: &Node<'_>, report: &mut Report) -> Option<Spanned<[u8; 6]>> {
    let address = with_unit(node, Code::BadMac, "a MAC address", mac::parse, report)?;
    let fault = if address == [0; 6] {
        "the zero address belongs to no device"
    } else if address == [0xff; 6] {
        "the broadcast address belongs to no device"
    } else if address[0] & 1 != 0 {
        "a multicast address belongs to no device"
    } else {
        return Some(Spanned::new(address, node.span));
    };
    report.push(
        Diagnostic::new(
            Code::BadMac,
            node.span,
            format!("`{}`: {fault}", mac::format(address)),
        )
        .hint("the address on the device's label or in its network settings; a group is `multicast: ADDRESS`"),
    );
    None
}

fn read_bindings(node: &Node<'_>, report: &mut Report) -> Vec<Spanned<IpAddr>> {
    let nodes = one_or_many(node);
    if nodes.is_empty() {
        report.push(
            Diagnostic::new(Code::EmptyList, node.span, "`ip` lists nothing")
                .hint("leave `ip` out for a device that may use any address"),
        );
    }
    if let Some(beyond) = nodes.get(MAX_DEVICE_ADDRESSES) {
        report.push(Diagnostic::new(
            Code::TooLong,
            beyond.span,
            format!("a device has at most {MAX_DEVICE_ADDRESSES} addresses"),
        ));
    }
    nodes
        .iter()
        .take(MAX_DEVICE_ADDRESSES)
        .filter_map(|node| {
            let text = text(node, "an address", report)?;
            let address = read_address(text.value, text.span, report)?;
            check_binding(address, text.span, report).then(|| Spanned::new(address, text.span))
        })
        .collect()
}

/// Why an address can be the address of no host, if so.
pub(super) fn fault(address: IpAddr) -> Option<&'static str> {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    Some(if address.is_multicast() {
        "a multicast address"
    } else if address.is_unspecified() {
        "the unspecified address"
    } else if address.is_loopback() {
        "a loopback address"
    } else if broadcast {
        "the broadcast address"
    } else {
        return None;
    })
}

/// Whether an address can be the address of a device.
fn check_binding(address: IpAddr, span: Span, report: &mut Report) -> bool {
    let Some(what) = fault(address) else {
        return true;
    };
    report.push(
        Diagnostic::new(
            Code::BadAddress,
            span,
            format!("`{address}` is {what}: it belongs to no device"),
        )
        .hint("leave `ip` out for a device that may use any address"),
    );
    false
}
