//! Places in the program array.

/// The program that judges what the entry does not forward.
pub const JUDGE: u32 = 0;
/// The program that judges what is routed to a segment.
pub const HOP: u32 = 1;
/// Places.
pub const STAGES: u32 = 2;
