//! Budgets: how much of what makes state each device may do in one second.

/// What one device did in the second that it was last asked about. Written without atomics: CPUs in the same instant may
/// let a few more through.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Budget {
    /// That second (monotonic clock).
    pub second: u32,
    /// Flows that the device opened.
    pub opened: u32,
    /// Flows that peers opened to it.
    pub accepted: u32,
    /// Datagrams from and to it whose first fragment passed.
    pub datagrams: u32,
}

crate::layout!(Budget, size 16, align 4);
