//! The part of a rule that says which protocols and ports it allows.

use std::ops::RangeInclusive;

use super::{
    icmp::{self, Family},
    protocol,
};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Fields, one_or_many, shorten, text},
        policy::{Clause, IcmpType},
        yaml::{Node, Value},
    },
    unit::{
        self,
        port::{self, PortError},
    },
};

/// Keys of a rule that make clauses.
pub(super) const KEYS: [&str; 5] = ["tcp", "udp", "icmp", "icmpv6", "protocol"];

/// A clause as written.
#[derive(Debug)]
pub(super) struct RawClause {
    pub(super) clause: Clause,
    pub(super) span: Span,
    /// As it stands in the rule's label: `tcp 22,8000-8009`.
    pub(super) label: String,
}

/// Reads the clauses of a rule, in file order. The flag says whether any was written, right or wrong.
pub(super) fn read_clauses(fields: &Fields<'_, '_>, report: &mut Report) -> (Vec<RawClause>, bool) {
    let mut clauses = Vec::new();
    let mut written = false;
    for (key, _, node) in fields.entries() {
        if !KEYS.contains(&key) || node.value == Value::Null {
            continue;
        }
        written = true;
        if one_or_many(node).is_empty() {
            report.push(
                Diagnostic::new(Code::EmptyList, node.span, format!("`{key}` lists nothing"))
                    .hint(format!("write `{key}: any` for all, or remove the key")),
            );
            continue;
        }
        match key {
            "tcp" => clauses.extend(
                read_ports(key, node, report)
                    .map(|(ports, label)| raw(Clause::Tcp(ports), node, label)),
            ),
            "udp" => clauses.extend(
                read_ports(key, node, report)
                    .map(|(ports, label)| raw(Clause::Udp(ports), node, label)),
            ),
            "icmp" => clauses.extend(read_types(key, node, Family::V4, report)),
            "icmpv6" => clauses.extend(read_types(key, node, Family::V6, report)),
            _ => clauses.extend(one_or_many(node).iter().filter_map(|node| {
                let clause = protocol::read_protocol(node, report)?;
                let name = match &clause {
                    Clause::Protocol(number) => unit::protocol::format(*number),
                    Clause::Any
                    | Clause::Tcp(_)
                    | Clause::Udp(_)
                    | Clause::Icmp(_)
                    | Clause::Icmpv6(_) => "any".to_owned(),
                };
                Some(raw(clause, node, format!("protocol {name}")))
            })),
        }
    }
    check_redundant(&clauses, report);
    (clauses, written)
}

fn raw(clause: Clause, node: &Node<'_>, label: String) -> RawClause {
    RawClause {
        clause,
        span: node.span,
        label,
    }
}

fn read_ports(
    key: &str,
    node: &Node<'_>,
    report: &mut Report,
) -> Option<(Vec<RangeInclusive<u16>>, String)> {
    let mut ranges = Vec::new();
    for node in one_or_many(node) {
        let Some(text) = text(node, "a port or a range of ports", report) else {
            continue;
        };
        match port::parse(text.value) {
            Ok(range) => ranges.push((range, text.span)),
            Err(error) => report.push(bad_port(text.value, text.span, &error)),
        }
    }
    check_overlap(&ranges, port::format, "ports", report);
    let ports: Vec<_> = ranges.iter().map(|(range, _)| range.clone()).collect();
    let label = ports.iter().map(port::format).collect::<Vec<_>>().join(",");
    (!ports.is_empty()).then(|| (ports, format!("{key} {label}")))
}

fn bad_port(text: &str, span: Span, error: &PortError) -> Diagnostic {
    match error {
        PortError::Reversed { low, high } => Diagnostic::new(
            Code::ReversedRange,
            span,
            format!("the range `{}` is reversed", shorten(text)),
        )
        .hint(format!("write `{high}-{low}`")),
        PortError::Shape | PortError::OutOfRange(_) => Diagnostic::new(
            Code::BadPort,
            span,
            format!("`{}` is not a port or a range of ports", shorten(text)),
        )
        .hint(error.to_string()),
    }
}

fn read_types(
    key: &str,
    node: &Node<'_>,
    family: Family,
    report: &mut Report,
) -> Option<RawClause> {
    if matches!(&node.value, Value::Scalar(text) if text == "any") {
        let number = match family {
            Family::V4 => 1,
            Family::V6 => 58,
        };
        return Some(raw(Clause::Protocol(number), node, format!("{key} any")));
    }
    let types: Vec<(IcmpType, Span)> = one_or_many(node)
        .iter()
        .filter_map(|node| icmp::read_type(node, family, report).map(|icmp| (icmp, node.span)))
        .collect();
    let ranges: Vec<_> = types
        .iter()
        .map(|(icmp, span)| (code_range(*icmp), *span))
        .collect();
    let show = |range: &RangeInclusive<u16>| icmp::label(from_code_range(range), family);
    check_overlap(&ranges, show, "types", report);
    for (icmp, span) in &types {
        if icmp.kind == family.echo_reply() {
            report.push(
                Diagnostic::new(
                    Code::IneffectiveRule,
                    *span,
                    "a rule cannot allow echo replies by themselves",
                )
                .hint("allow `echo-request`: the replies to it pass with it"),
            );
        }
    }
    let types: Vec<_> = types.into_iter().map(|(icmp, _)| icmp).collect();
    let label = types
        .iter()
        .map(|icmp| icmp::label(*icmp, family))
        .collect::<Vec<_>>()
        .join(",");
    let clause = match family {
        Family::V4 => Clause::Icmp(types.clone()),
        Family::V6 => Clause::Icmpv6(types.clone()),
    };
    (!types.is_empty()).then(|| raw(clause, node, format!("{key} {label}")))
}

/// A type with its codes as a range of `type << 8 | code`.
fn code_range(icmp: IcmpType) -> RangeInclusive<u16> {
    let kind = u16::from(icmp.kind) << 8;
    match icmp.code {
        Some(code) => kind | u16::from(code)..=kind | u16::from(code),
        None => kind..=kind | 0xff,
    }
}

fn from_code_range(range: &RangeInclusive<u16>) -> IcmpType {
    let [kind, code] = range.start().to_be_bytes();
    IcmpType {
        kind,
        code: (range.start() == range.end()).then_some(code),
    }
}

/// Reports entries of one list that have something in common.
fn check_overlap(
    ranges: &[(RangeInclusive<u16>, Span)],
    show: impl Fn(&RangeInclusive<u16>) -> String,
    what: &str,
    report: &mut Report,
) {
    let mut sorted: Vec<_> = ranges.iter().collect();
    sorted.sort_by_key(|(range, span)| (*range.start(), span.start));
    let mut widest: Option<&(RangeInclusive<u16>, Span)> = None;
    for entry in sorted {
        if let Some(before) = widest
            && entry.0.start() <= before.0.end()
        {
            let (first, second) = if before.1.start <= entry.1.start {
                (before, entry)
            } else {
                (entry, before)
            };
            report.push(
                Diagnostic::new(
                    Code::OverlappingRange,
                    second.1,
                    format!(
                        "`{}` and `{}` have {what} in common",
                        show(&first.0),
                        show(&second.0)
                    ),
                )
                .note(first.1, "listed here already")
                .hint("list each once"),
            );
        }
        if widest.is_none_or(|before| entry.0.end() > before.0.end()) {
            widest = Some(entry);
        }
    }
}

/// Reports clauses of a rule that another clause of it covers.
fn check_redundant(clauses: &[RawClause], report: &mut Report) {
    for (index, inner) in clauses.iter().enumerate() {
        let outer = clauses.iter().enumerate().find(|(other, outer)| {
            *other != index
                && covers(&outer.clause, &inner.clause)
                && (*other < index || outer.clause != inner.clause)
        });
        if let Some((_, outer)) = outer {
            report.push(
                Diagnostic::new(
                    Code::RedundantClause,
                    inner.span,
                    format!("`{}` is already allowed by `{}`", inner.label, outer.label),
                )
                .note(outer.span, "by this")
                .hint("keep one of the two"),
            );
        }
    }
}

/// Whether a whole protocol or `any` covers another clause.
fn covers(outer: &Clause, inner: &Clause) -> bool {
    match outer {
        Clause::Any => true,
        Clause::Protocol(number) => number_of(inner) == Some(*number),
        Clause::Tcp(_) | Clause::Udp(_) | Clause::Icmp(_) | Clause::Icmpv6(_) => false,
    }
}

/// The protocol number of a clause; `any` has none.
fn number_of(clause: &Clause) -> Option<u8> {
    match clause {
        Clause::Any => None,
        Clause::Tcp(_) => Some(6),
        Clause::Udp(_) => Some(17),
        Clause::Icmp(_) => Some(1),
        Clause::Icmpv6(_) => Some(58),
        Clause::Protocol(number) => Some(*number),
    }
}
