//! What devices need, from what they were seen to do. **Invariant:** pure: time is a parameter, nothing here reads a file, a clock or the
//! kernel.

pub mod conversation;
pub mod coverage;
pub mod device;
pub mod expected;
pub mod gate;
pub mod hours;
pub mod intake;
pub mod message;
pub mod review;
pub mod stage;
pub mod told;
pub mod unseen;
