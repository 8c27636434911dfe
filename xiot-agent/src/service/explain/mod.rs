//! What becomes of a conversation, and why: the question, the frames that open it, who judges them, and the nearest
//! misses.
//!
//! The judge is the XDP program itself on a scratch instance ([`Program`]), or, where the kernel may not be
//! asked, the reference evaluator ([`Reference`]).

mod answer;
mod ask;
mod frame;
mod hint;
mod judge;
mod live;
mod peer;
mod probe;
mod program;
mod query;

pub use answer::{Explanation, JudgeName, Leg};
pub use ask::{ExplainError, explain};
pub use judge::{Judge, JudgeError, Judgement, Reference, Told};
pub use live::{judge_flow, opening_frame};
pub use probe::PLACEHOLDERS;
pub use program::{Program, ProgramError};
pub use query::{IcmpMessage, Query, QueryError, Service, Subject};

#[cfg(test)]
mod tests;
