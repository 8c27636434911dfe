//! Guards: what the senders of a wire may not say, whatever rules allow (docs/judgement.md, 9).

use crate::{capacity::MAX_ETHERTYPES, reason::Reason};

/// What follows where a guard objects.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(u8)]
pub enum Level {
    /// It is not asked.
    #[default]
    Off = 0,
    /// The frame is a would-drop.
    Monitor = 1,
    /// The frame is dropped.
    Enforce = 2,
}

/// A guard. Numbers say where its level is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Guard {
    /// Rate of broadcast and multicast.
    Group = 0,
    /// Source MACs.
    Mac = 1,
    /// Source addresses.
    Source = 2,
    /// ARP from devices.
    Arp = 3,
    /// Neighbour discovery from devices.
    Nd = 4,
    /// Devices as DHCP servers.
    DhcpServer = 5,
    /// Devices as routers.
    Router = 6,
    /// Devices as switches.
    Bpdu = 7,
    /// Addresses claimed from the uplink.
    Claim = 8,
    /// Addresses that devices are not bound to.
    Binding = 9,
    /// Devices as DHCP clients in another's name.
    DhcpClient = 10,
}

/// Guards and Ethernet types of one wire. All zero: no guard is asked, and no type passes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct WireGuards {
    /// Two bits for each [`Guard`]: its [`Level`].
    pub levels: u32,
    /// Second (monotonic clock) before which [`Guard::Binding`] drops no IPv4 and no ARP.
    pub settled: u32,
    /// Ethernet types beside ARP and IP that pass, host order; 0: none.
    pub ethertypes: [u16; MAX_ETHERTYPES],
}

crate::layout!(WireGuards, size 40, align 4);

impl WireGuards {
    /// The level of a guard; what stands for no level enforces.
    #[inline(always)]
    pub const fn level(&self, guard: Guard) -> Level {
        match self.levels >> (guard as u32 * 2) & 3 {
            0 => Level::Off,
            1 => Level::Monitor,
            _ => Level::Enforce,
        }
    }

    /// The level of [`Guard::Binding`] now, for IPv4 (and ARP) or IPv6.
    #[inline(always)]
    pub const fn binding(&self, is_v4: bool, now: u32) -> Level {
        let level = self.level(Guard::Binding);
        if is_v4 && now < self.settled && matches!(level, Level::Enforce) {
            Level::Monitor
        } else {
            level
        }
    }

    /// Whether some guard but [`Guard::Group`] may drop a frame.
    #[inline(always)]
    pub const fn may_drop(&self) -> bool {
        const ENFORCE: u32 = 0xaaaa_aaaa & !(3 << (Guard::Group as u32 * 2));
        self.levels & ENFORCE != 0
    }

    /// The same with another level for a guard.
    #[must_use]
    pub const fn with(mut self, guard: Guard, level: Level) -> Self {
        let shift = guard as u32 * 2;
        self.levels = self.levels & !(3 << shift) | (level as u32) << shift;
        self
    }

    /// Whether there is anything to ask.
    pub fn are_idle(&self) -> bool {
        self.levels == 0 && self.ethertypes == [0; MAX_ETHERTYPES]
    }
}

/// The guard that a flow or datagram was made a would-drop by, if it was by one.
#[inline(always)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most reasons are no guard's"
)]
pub const fn objector(reason: Reason) -> Option<Guard> {
    Some(match reason {
        Reason::GroupRate => Guard::Group,
        Reason::SourceMacInvalid | Reason::SnapEncapsulated => Guard::Mac,
        Reason::SourceAddressInvalid | Reason::SourceAddressStolen => Guard::Source,
        Reason::ArpInvalid | Reason::ArpSpoofed => Guard::Arp,
        // Also a reason of `claim`; what it objects to makes neither.
        Reason::NdInvalid | Reason::NdSpoofed => Guard::Nd,
        Reason::DhcpServer => Guard::DhcpServer,
        Reason::RouterMessage => Guard::Router,
        Reason::Bpdu => Guard::Bpdu,
        Reason::AddressClaimed | Reason::MacClaimed => Guard::Claim,
        Reason::SourceAddressUnbound => Guard::Binding,
        Reason::DhcpSpoofed => Guard::DhcpClient,
        _ => return None,
    })
}

/// Broadcast and multicast frames in one second, of one sender or of one port. Written without atomics: CPUs in the same
/// instant may let a few more through.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct GroupCount {
    /// That second (monotonic clock).
    pub second: u32,
    /// Frames in it; not beyond the limit.
    pub frames: u32,
}

crate::layout!(GroupCount, size 8, align 4);

#[cfg(test)]
mod tests {
    use super::{Guard, Level, WireGuards};

    #[test]
    fn levels_are_apart() {
        let guards = WireGuards::default()
            .with(Guard::Group, Level::Enforce)
            .with(Guard::Claim, Level::Enforce)
            .with(Guard::Nd, Level::Monitor)
            .with(Guard::Claim, Level::Monitor);
        assert_eq!(guards.level(Guard::Group), Level::Enforce);
        assert_eq!(guards.level(Guard::Mac), Level::Off);
        assert_eq!(guards.level(Guard::Nd), Level::Monitor);
        assert_eq!(guards.level(Guard::Claim), Level::Monitor);
        assert!(!guards.are_idle());
    }

    #[test]
    fn a_guard_that_enforces_may_drop() {
        let guards = WireGuards::default()
            .with(Guard::Group, Level::Enforce)
            .with(Guard::Source, Level::Monitor);
        assert!(!guards.may_drop());
        for guard in [Guard::Mac, Guard::Source, Guard::DhcpClient] {
            assert!(guards.with(guard, Level::Enforce).may_drop());
        }
    }

    #[test]
    fn a_wire_settles_for_ipv4() {
        let mut guards = WireGuards::default().with(Guard::Binding, Level::Enforce);
        guards.settled = 5;
        assert_eq!(guards.binding(true, 4), Level::Monitor);
        assert_eq!(guards.binding(false, 4), Level::Enforce);
        assert_eq!(guards.binding(true, 5), Level::Enforce);
        let guards = guards.with(Guard::Binding, Level::Off);
        assert_eq!(guards.binding(true, 4), Level::Off);
        assert!(guards.are_idle());
    }
}
