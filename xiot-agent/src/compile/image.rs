//! What a policy compiles to: plain data, ready to be copied into a policy slot.

use xiot_common::slot::SlotHeader;

pub use super::lines::Lines;

/// One slot's worth of policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// What lies where. Lines are counted from the start of the slot.
    pub header: SlotHeader,
    /// The lines in use.
    pub lines: Lines,
}

impl Image {
    /// These lines under this header, which gets their digest and their number.
    pub(super) fn new(mut header: SlotHeader, lines: Lines) -> Self {
        header.lines = u32::try_from(lines.len()).expect("2^32 lines exceed any memory");
        header.digest = lines.digest();
        Self { header, lines }
    }
}
