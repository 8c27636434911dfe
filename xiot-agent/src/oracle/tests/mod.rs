//! Clause by clause of docs/judgement.md, with the values on both sides of each boundary.

mod bindings;
mod budgets;
mod datagrams;
mod epochs;
mod errors;
mod flows;
mod grace;
mod guards;
mod names;
mod parse;
mod world;
