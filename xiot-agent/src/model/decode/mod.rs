//! From tree to values: every helper reports what is wrong and returns nothing, and the caller goes on.

mod fields;
mod scalar;

pub(crate) use self::{
    fields::{Fields, items, one_or_many},
    scalar::{
        Numbers, check_name, choice, count, counts, duration_within, free_text, name, path,
        shorten, text, with_unit,
    },
};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{policy::Position, yaml::Node},
};

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// The position that the model keeps of a span.
pub(crate) const fn position(span: Span) -> Position {
    Position {
        line: span.line,
        column: span.column,
    }
}

/// Reports that `node` is not what belongs there: `a list of wires`.
pub(crate) fn wrong_type(node: &Node<'_>, expected: &str, report: &mut Report) {
    let found = node.kind();
    report.push(
        Diagnostic::new(
            Code::WrongType,
            node.span,
            format!("expected {expected}, found {found}"),
        )
        .label(format!("this is {found}")),
    );
}
