//! What is wrong with a file, and how to say it: where, what, and what to do about it.
//!
//! A reader of files never stops at the first fault: it pushes a [`Diagnostic`] and goes on. The [`Report`]
//! of a file holds all of them and renders them with the lines they are about.

mod code;
mod diagnostic;
mod render;
mod report;
mod span;
mod suggest;

pub use self::{
    code::Code,
    diagnostic::{Diagnostic, Note, Severity},
    render::Style,
    report::{Finding, Report},
    span::Span,
    suggest::closest,
};
