//! Groups as written: `multicast: 239.1.2.3`, or `broadcast` with the broadcast addresses of subnets.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Fields, Spanned, shorten, text},
        yaml::Node,
    },
};

/// How the group of all hosts is written.
const BROADCAST: &str = "broadcast";

/// A group as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Its MAC.
    pub(super) mac: [u8; 6],
    /// Its address.
    pub(super) address: IpAddr,
}

/// Reads the group that a device stands for.
pub(super) fn read_group(node: &Node<'_>, report: &mut Report) -> Option<Spanned<Group>> {
    let text = text(node, "a multicast address, or `broadcast`", report)?;
    let address = match text.value {
        BROADCAST => Some(IpAddr::V4(Ipv4Addr::BROADCAST)),
        written => written.parse().ok(),
    };
    let Some((address, mac)) = address.and_then(|address| Some((address, mac_of(address)?))) else {
        report.push(
            Diagnostic::new(
                Code::BadAddress,
                text.span,
                format!("`{}` is the address of no group", shorten(text.value)),
            )
            .hint("from 224.0.0.0 to 239.255.255.255, `\"ff02::fb\"`, or `broadcast`; a host has `mac` and `ip`"),
        );
        return None;
    };
    Some(Spanned::new(Group { mac, address }, text.span))
}

/// Reports what a group cannot have beside its address.
pub(super) fn check_group(
    fields: &Fields<'_, '_>,
    group: Option<Spanned<Group>>,
    report: &mut Report,
) {
    if fields.get("mac").is_some() {
        report.push(
            Diagnostic::new(
                Code::DeviceOrGroup,
                fields.key_span("mac"),
                "a device has either `mac` or `multicast`, not both",
            )
            .note(fields.key_span("multicast"), "`multicast` is given here")
            .hint("the MAC address of a group follows from its address"),
        );
    }
    let is_broadcast = group.is_none_or(|group| group.value.mac == [0xff; 6]);
    if fields.get("ip").is_some() && !is_broadcast {
        report.push(
            Diagnostic::new(
                Code::DeviceOrGroup,
                fields.key_span("ip"),
                "a multicast group has no other address",
            )
            .hint(
                "leave `ip` out; `multicast: broadcast` takes the broadcast addresses of subnets",
            ),
        );
    }
}

/// The MAC that frames to a group have: RFC 1112, 6.4; RFC 2464, 7.
fn mac_of(address: IpAddr) -> Option<[u8; 6]> {
    match address {
        IpAddr::V4(address) if address.is_broadcast() => Some([0xff; 6]),
        IpAddr::V4(address) if address.is_multicast() => {
            let [_, b, c, d] = address.octets();
            Some([0x01, 0x00, 0x5e, b & 0x7f, c, d])
        }
        IpAddr::V6(address) if address.is_multicast() => {
            let [.., a, b, c, d] = address.octets();
            Some([0x33, 0x33, a, b, c, d])
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_of_groups_are_those_of_the_standards() {
        let mac = |text: &str| mac_of(text.parse().unwrap());
        assert_eq!(mac("224.0.0.251"), Some([0x01, 0, 0x5e, 0, 0, 0xfb]));
        // The ninth bit and those before it are lost.
        assert_eq!(mac("239.129.2.3"), Some([0x01, 0, 0x5e, 1, 2, 3]));
        assert_eq!(
            mac("ff02::1:ff00:1234"),
            Some([0x33, 0x33, 0xff, 0, 0x12, 0x34])
        );
        assert_eq!(mac("255.255.255.255"), Some([0xff; 6]));
        assert_eq!(mac("10.20.8.255"), None);
        assert_eq!(mac("fe80::1"), None);
    }
}
