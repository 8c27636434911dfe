//! Places in the program array.

/// The program that judges what the entry does not forward.
pub const JUDGE: u32 = 0;
/// The program that judges what is routed to a segment.
pub const HOP: u32 = 1;
/// While one program takes over from another: the entry of that one. As long as it is here, every port runs it.
pub const BEFORE: u32 = 2;
/// While one program takes over from another: what every port runs once there is nothing in [`BEFORE`].
pub const NEXT: u32 = 3;
/// Places.
pub const STAGES: u32 = 4;
