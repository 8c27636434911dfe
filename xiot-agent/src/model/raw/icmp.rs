//! ICMP and ICMPv6 types by name (IANA "ICMP Parameters" and "ICMPv6 Parameters").

use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{
        decode::{shorten, text},
        policy::IcmpType,
        yaml::Node,
    },
};

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    V4,
    V6,
}

/// A name, the type and the code; none: every code.
type Name = (&'static str, u8, Option<u8>);

const V4: [Name; 18] = [
    ("echo-reply", 0, None),
    ("destination-unreachable", 3, None),
    ("network-unreachable", 3, Some(0)),
    ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)),
    ("port-unreachable", 3, Some(3)),
    ("fragmentation-needed", 3, Some(4)),
    ("administratively-prohibited", 3, Some(13)),
    ("source-quench", 4, None),
    ("redirect", 5, None),
    ("echo-request", 8, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("time-exceeded", 11, None),
    ("parameter-problem", 12, None),
    ("timestamp-request", 13, None),
    ("timestamp-reply", 14, None),
    ("address-mask-request", 17, None),
];

const V6: [Name; 17] = [
    ("destination-unreachable", 1, None),
    ("no-route", 1, Some(0)),
    ("administratively-prohibited", 1, Some(1)),
    ("address-unreachable", 1, Some(3)),
    ("port-unreachable", 1, Some(4)),
    ("packet-too-big", 2, None),
    ("time-exceeded", 3, None),
    ("parameter-problem", 4, None),
    ("echo-request", 128, None),
    ("echo-reply", 129, None),
    ("listener-query", 130, None),
    ("listener-report", 131, None),
    ("listener-done", 132, None),
    ("router-solicitation", 133, None),
    ("router-advertisement", 134, None),
    ("neighbour-solicitation", 135, None),
    ("neighbour-advertisement", 136, None),
];

impl Family {
    const fn names(self) -> &'static [Name] {
        match self {
            Self::V4 => &V4,
            Self::V6 => &V6,
        }
    }

    /// The type of an answer to an echo request.
    pub(super) const fn echo_reply(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }

    /// What its messages are called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::V4 => "ICMP",
            Self::V6 => "ICMPv6",
        }
    }
}

/// Reads a type: a name, a number or `type/code`.
pub(super) fn read_type(node: &Node<'_>, family: Family, report: &mut Report) -> Option<IcmpType> {
    let text = text(node, "the name or number of a message type", report)?;
    let named = family
        .names()
        .iter()
        .find(|(name, ..)| *name == text.value)
        .map(|(_, kind, code)| IcmpType {
            kind: *kind,
            code: *code,
        });
    let found = named.or_else(|| parse_numbers(text.value));
    if found.is_none() {
        let names = family.names().iter().map(|(name, ..)| *name);
        report.push(
            Diagnostic::new(
                Code::BadIcmp,
                text.span,
                format!(
                    "`{}` is not a type of {} message",
                    shorten(text.value),
                    family.name()
                ),
            )
            .suggest(closest(text.value, names))
            .hint_if_none(
                "a name such as `echo-request`, a number from 0 to 255, or type and code as in `3/4`",
            ),
        );
    }
    found
}

fn parse_numbers(text: &str) -> Option<IcmpType> {
    let number = |text: &str| -> Option<u8> {
        let digits = text.chars().all(|c| c.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    };
    match text.split_once('/') {
        None => Some(IcmpType {
            kind: number(text)?,
            code: None,
        }),
        Some((kind, code)) => Some(IcmpType {
            kind: number(kind)?,
            code: Some(number(code)?),
        }),
    }
}

/// The name of a type, else its numbers.
pub(super) fn label(icmp: IcmpType, family: Family) -> String {
    let known = family
        .names()
        .iter()
        .find(|(_, kind, code)| *kind == icmp.kind && *code == icmp.code);
    match (known, icmp.code) {
        (Some((name, ..)), _) => (*name).to_owned(),
        (None, Some(code)) => format!("{}/{code}", icmp.kind),
        (None, None) => icmp.kind.to_string(),
    }
}
