//! Clause by clause of docs/judgement.md, with the values on both sides of each boundary.

mod datagrams;
mod parse;
mod world;
