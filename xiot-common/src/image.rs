//! The policy image: one array map of 64-byte lines, cut into two slots. The compiler lays every table of a
//! policy out in one slot; the kernel only reads.

/// One cache line of the image. What it holds depends on the table it belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Line(pub [u64; 8]);

crate::layout!(Line, size 64, align 8);

/// Slots in the image: one judged by, one being built.
pub const SLOTS: u32 = 2;
