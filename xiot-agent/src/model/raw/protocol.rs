//! IP protocols in rules.

use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{
        decode::{shorten, text},
        policy::Clause,
        yaml::Node,
    },
    unit::protocol,
};

/// Reads a protocol: `any`, a name or a number from 0 to 255.
pub(super) fn read_protocol(node: &Node<'_>, report: &mut Report) -> Option<Clause> {
    let text = text(node, "`any`, a protocol name or a number", report)?;
    if text.value == "any" {
        return Some(Clause::Any);
    }
    let number = protocol::parse(text.value);
    if number.is_none() {
        report.push(
            Diagnostic::new(
                Code::BadProtocol,
                text.span,
                format!("`{}` is not an IP protocol", shorten(text.value)),
            )
            .suggest(closest(
                text.value,
                protocol::NAMES.iter().map(|(name, _)| *name),
            ))
            .hint_if_none("`any`, a name such as `esp` or `gre`, or a number from 0 to 255"),
        );
    }
    number.map(Clause::Protocol)
}
