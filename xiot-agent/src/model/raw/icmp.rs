//! ICMP and ICMPv6 types in rules.

use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{
        decode::{shorten, text},
        policy::IcmpType,
        yaml::Node,
    },
};

pub(super) use crate::unit::icmp::Family;

/// Reads a type: a name, a number or `type/code`.
pub(super) fn read_type(node: &Node<'_>, family: Family, report: &mut Report) -> Option<IcmpType> {
    let text = text(node, "the name or number of a message type", report)?;
    let found = family.parse(text.value);
    if found.is_none() {
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
            .suggest(closest(text.value, family.names()))
            .hint_if_none(
                "a name such as `echo-request`, a number from 0 to 255, or type and code as in `3/4`",
            ),
        );
    }
    found.map(|(kind, code)| IcmpType { kind, code })
}

/// The name of a type, else its numbers.
pub(super) fn label(icmp: IcmpType, family: Family) -> String {
    family.format(icmp.kind, icmp.code)
}
