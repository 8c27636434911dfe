//! What a policy compiles to: plain data, ready to be copied into a policy slot.

use xiot_common::{image::Line, slot::SlotHeader};

/// One slot's worth of policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// What lies where. Lines are counted from the start of the slot.
    pub header: SlotHeader,
    /// The lines in use.
    pub lines: Vec<Line>,
}
