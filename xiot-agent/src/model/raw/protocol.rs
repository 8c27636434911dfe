//! IP protocols by name (IANA "Assigned Internet Protocol Numbers").

use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{
        decode::{shorten, text},
        policy::Clause,
        yaml::Node,
    },
};

/// Protocols that occur in front of devices, by the names that people use.
const NAMES: [(&str, u8); 20] = [
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

/// Reads a protocol: `any`, a name or a number from 0 to 255.
pub(super) fn read_protocol(node: &Node<'_>, report: &mut Report) -> Option<Clause> {
    let text = text(node, "`any`, a protocol name or a number", report)?;
    if text.value == "any" {
        return Some(Clause::Any);
    }
    let number = NAMES
        .iter()
        .find(|(name, _)| *name == text.value)
        .map(|(_, number)| *number)
        .or_else(|| {
            let digits = text.value.chars().all(|c| c.is_ascii_digit());
            text.value.parse().ok().filter(|_| digits)
        });
    if number.is_none() {
        report.push(
            Diagnostic::new(
                Code::BadProtocol,
                text.span,
                format!("`{}` is not an IP protocol", shorten(text.value)),
            )
            .suggest(closest(text.value, NAMES.iter().map(|(name, _)| *name)))
            .hint_if_none("`any`, a name such as `esp` or `gre`, or a number from 0 to 255"),
        );
    }
    number.map(Clause::Protocol)
}

/// The name of a protocol, else its number.
pub(super) fn label(number: u8) -> String {
    NAMES
        .iter()
        .find(|(_, known)| *known == number)
        .map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned())
}
