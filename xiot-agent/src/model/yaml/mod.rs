//! YAML as a tree that knows where every value stands. Knows nothing of policies.
//!
//! Scalars keep the text that was written: whether `0755`, `1e3`, `no` or `00:03:b1:00:00:12` is a number, a
//! truth value or a time is for the reader of the value to say, not for YAML.

mod parse;
mod place;
mod syntax;
mod text;

use std::borrow::Cow;

pub(crate) use self::{
    parse::parse,
    text::{check_text, is_hidden},
};
use crate::diag::Span;

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node<'s> {
    pub(crate) span: Span,
    pub(crate) value: Value<'s>,
}

/// What a value is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'s> {
    /// Nothing was written: `key:` alone, `~` or `null`.
    Null,
    /// Text as written, without quotes.
    Scalar(Cow<'s, str>),
    /// A list.
    Seq(Vec<Node<'s>>),
    /// A map, keys in file order, duplicates included.
    Map(Vec<(Node<'s>, Node<'s>)>),
}

impl Node<'_> {
    /// Whether nothing is in it: an empty list or map, or nothing written.
    pub(crate) const fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Scalar(_) => false,
            Value::Seq(items) => items.is_empty(),
            Value::Map(pairs) => pairs.is_empty(),
        }
    }

    /// What it is, for people.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}
