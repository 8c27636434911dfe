//! The version of everything that outlives a process: map layouts, reason numbers, hashes.

/// Bumped by every change to a shared layout. Stored in each slot header and beside the pins, so that
/// an agent never reads maps it does not understand.
pub const ABI_VERSION: u32 = 1;

/// First word of a written slot header: `XIOT` in ASCII.
pub const SLOT_MAGIC: u32 = 0x5849_4f54;
