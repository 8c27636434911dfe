//! A flow as it lies in memory: the line that every frame of it touches, and the rest.

use core::mem::offset_of;

use crate::{
    addr::Addr,
    flow::{FLOW_DOUBTFUL, FLOW_LEARN, FLOW_WOULD_DROP, FlowKey, silence},
    moves::Moved,
};

/// A key in three words: all of it for IPv4. Of IPv6 addresses it has eight bytes; the rest is in [`FlowRest`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct ShortKey(pub [u64; 3]);

crate::layout!(ShortKey, size 24, align 8);

impl ShortKey {
    /// In the second word, where VLAN ids leave room: the addresses are of IPv6.
    pub const IPV6: u64 = 1 << 63;

    /// Whether both are the same.
    #[inline(always)]
    pub const fn is(&self, other: &Self) -> bool {
        let (own, other) = (self.0, other.0);
        (own[0] ^ other[0]) | (own[1] ^ other[1]) | (own[2] ^ other[2]) == 0
    }

    /// The device's IPv4 address and the other side's, as they lie in the frame.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "two addresses share one word"
    )]
    pub const fn ends_v4(&self) -> [u32; 2] {
        [self.0[0] as u32, (self.0[0] >> 32) as u32]
    }

    /// The device's port and the other side's.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "two ports share one word")]
    pub const fn ports(&self) -> [u16; 2] {
        [self.0[1] as u16, (self.0[1] >> 16) as u16]
    }

    /// The device's MAC, as a word.
    #[inline(always)]
    pub const fn mac_word(&self) -> u64 {
        self.0[2] & 0xffff_ffff_ffff
    }

    /// Whether the addresses are not all here.
    #[inline(always)]
    pub const fn is_ipv6(&self) -> bool {
        self.0[1] & Self::IPV6 != 0
    }
}

impl FlowKey {
    /// The key in three words.
    #[inline(always)]
    pub const fn short(&self) -> ShortKey {
        let words = self.words();
        let family = if self.device.is_v4() {
            0
        } else {
            ShortKey::IPV6
        };
        ShortKey([
            words[1] >> 32 | (words[3] & !0xffff_ffff),
            words[4] | family,
            words[5],
        ])
    }
}

/// Frames and their bytes in one word, so that to count is one addition: 24 bits and 40.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
pub struct Tally(u64);

crate::layout!(Tally, size 8, align 8);

impl Tally {
    const FRAME: u64 = 1 << 40;

    /// None.
    pub const NONE: Self = Self(0);

    /// With one more frame of so many bytes.
    #[inline(always)]
    #[must_use]
    pub const fn and_frame(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(Self::FRAME | bytes as u64))
    }

    /// Whether it is half full: time to add it up elsewhere. Frames are below 64 KiB, so that bytes are never fuller.
    #[inline(always)]
    pub const fn is_due(self) -> bool {
        self.0.cast_signed() < 0
    }

    /// Frames.
    #[inline(always)]
    pub const fn frames(self) -> u64 {
        self.0 >> Self::FRAME.trailing_zeros()
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "they are 24 bits")]
    const fn frames_u32(self) -> u32 {
        self.frames() as u32
    }

    /// Bytes.
    #[inline(always)]
    pub const fn bytes(self) -> u64 {
        self.0 & (Self::FRAME - 1)
    }
}

/// What every frame of a flow reads and writes: a cache line. Counters are written without atomics: two CPUs on one flow may lose
/// a count, never a verdict.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct FlowLine {
    /// Which conversation.
    pub key: ShortKey,
    /// Frames from the device that are not in the rest yet.
    pub from: Tally,
    /// Frames to the device, likewise.
    pub to: Tally,
    /// As in [`crate::flow::FlowEntry`].
    pub epoch: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub last_seen: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub idle_timeout: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub device: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub state: u8,
    /// As in [`crate::flow::FlowEntry`].
    pub flags: u8,
    /// As in [`crate::flow::FlowEntry`].
    pub reason: u8,
    /// As in [`crate::flow::FlowEntry`].
    pub mode: u8,
    /// As in [`crate::flow::FlowEntry`].
    pub objection: u8,
    /// Whose place it is in: [`HOLD_NONE`], [`HOLD_HALF_OPEN`], [`HOLD_CONFIRMED`].
    pub hold: u8,
    /// As in [`crate::flow::FlowEntry`].
    pub closing_timeout: u16,
}

crate::layout!(FlowLine, size 64, align 8);

/// Of no flow: the line is not to be used.
pub const HOLD_NONE: u8 = 0;
/// Of a flow that only one side spoke in so far.
pub const HOLD_HALF_OPEN: u8 = 1;
/// Of a flow that both sides spoke in.
pub const HOLD_CONFIRMED: u8 = 2;

/// What of a flow few frames touch: two cache lines, of which the first has what frames of IPv6 and TCP need.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct FlowRest {
    /// Address of the device.
    pub device: Addr,
    /// Address of the other side.
    pub peer: Addr,
    /// As in [`crate::flow::FlowEntry`].
    pub acknowledged_from: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub acknowledged_to: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub rule: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub generation: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub next_timeout: u32,
    /// As in [`crate::flow::FlowEntry`].
    pub opened_at: u32,
    /// As in [`crate::flow::FlowTail`].
    pub since: u32,
    /// As in [`crate::flow::FlowTail`].
    pub until: u32,
    /// Frames from the device that are not in the line any more.
    pub from_frames: u64,
    /// Their bytes.
    pub from_bytes: u64,
    /// Frames to the device that are not in the line any more.
    pub to_frames: u64,
    /// Their bytes.
    pub to_bytes: u64,
    /// As in [`crate::flow::FlowTail`], but for those that are in the line still.
    pub pending_bytes: u64,
    /// Likewise.
    pub pending_frames: u32,
    /// What of it has moved to the table of the next program: nothing, but as that one takes over.
    pub moved: Moved,
}

crate::layout!(FlowRest, size 128, align 8);

const _: () = assert!(
    offset_of!(FlowRest, device) == 0 && offset_of!(FlowRest, peer) == 16,
    "both addresses are read at once"
);

impl FlowLine {
    /// Seconds since its last frame. None have passed if that frame is younger than the clock reading: another CPU's
    /// came between.
    #[inline(always)]
    pub const fn idle(&self, now: u32) -> u32 {
        silence(self.last_seen, now)
    }

    /// Whether a frame that comes now still belongs to it.
    #[inline(always)]
    pub const fn is_live(&self, now: u32) -> bool {
        self.idle(now) <= self.idle_timeout
    }

    /// Whether it may be removed where room is needed: it is over, or a RST said so that proved nothing.
    #[inline(always)]
    pub const fn is_over(&self, now: u32) -> bool {
        !self.is_live(now)
            || (self.flags & FLOW_DOUBTFUL != 0 && self.idle(now) > self.closing_timeout as u32)
    }

    /// Whether its frames are would-drops: policy denies it, or a guard objects.
    #[inline(always)]
    pub const fn is_would_drop(&self) -> bool {
        self.flags & FLOW_WOULD_DROP != 0 || self.objection != 0
    }
}

impl FlowRest {
    /// Whether it is of a flow between these addresses, as words: the device's, and the other side's.
    #[inline(always)]
    pub const fn is_between(&self, ends: [u64; 4]) -> bool {
        let own = self.ends();
        let device = (own[0] ^ ends[0]) | (own[1] ^ ends[1]);
        device | (own[2] ^ ends[2]) | (own[3] ^ ends[3]) == 0
    }

    /// Both addresses as words: the device's, and the other side's.
    #[inline(always)]
    pub const fn ends(&self) -> [u64; 4] {
        // SAFETY: both addresses come first, without padding; the whole is aligned for words.
        unsafe { *core::ptr::from_ref(self).cast::<[u64; 4]>() }
    }

    /// Frames from the device, their bytes, frames to the device and their bytes, with what is in the line still.
    #[inline(always)]
    pub const fn counts(&self, line: &FlowLine) -> [u64; 4] {
        [
            self.from_frames + line.from.frames(),
            self.from_bytes + line.from.bytes(),
            self.to_frames + line.to.frames(),
            self.to_bytes + line.to.bytes(),
        ]
    }

    /// Takes over what the line has counted.
    #[inline(always)]
    pub const fn settle(&mut self, line: &mut FlowLine) {
        let (from, to) = (line.from, line.to);
        line.from = Tally::NONE;
        line.to = Tally::NONE;
        self.from_frames += from.frames();
        self.from_bytes += from.bytes();
        self.to_frames += to.frames();
        self.to_bytes += to.bytes();
        if line.flags & FLOW_LEARN != 0 {
            self.pending_frames = self
                .pending_frames
                .saturating_add(from.frames_u32() + to.frames_u32());
            self.pending_bytes += from.bytes() + to.bytes();
        }
    }

    /// Sets the span in which its rule is in force: from a second, which begins a minute, to before another; 0 and 0: always.
    #[inline(always)]
    pub const fn set_span(&mut self, since: u32, until: u32) {
        self.since = since;
        self.until = until;
    }

    /// Whether its rule is in force for some time only.
    #[inline(always)]
    pub const fn is_timed(&self) -> bool {
        self.until != 0
    }

    /// Whether a second (wall clock) is in the span.
    #[inline(always)]
    pub const fn is_in_span(&self, wall: u32) -> bool {
        self.until == 0 || (self.since <= wall && wall < self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> FlowLine {
        FlowLine {
            last_seen: 100,
            idle_timeout: 30,
            ..FlowLine::default()
        }
    }

    #[test]
    fn a_flow_outlives_a_clock_reading_older_than_its_last_frame() {
        let flow = line();
        assert!(flow.is_live(130) && !flow.is_live(131));
        assert_eq!(flow.idle(99), 0);
        assert!(flow.is_live(99));
    }

    #[test]
    fn the_clock_may_wrap() {
        let flow = FlowLine {
            last_seen: u32::MAX - 9,
            ..line()
        };
        assert_eq!(flow.idle(10), 20);
        assert!(flow.is_live(20) && !flow.is_live(21));
    }

    #[test]
    fn a_span_ends_with_its_second_and_begins_with_its_minute() {
        let mut flow = FlowRest::default();
        assert!(flow.is_in_span(0) && flow.is_in_span(u32::MAX) && !flow.is_timed());
        flow.set_span(6_000, 6_630);
        assert!(!flow.is_in_span(5_999) && flow.is_in_span(6_000));
        assert!(flow.is_in_span(6_629) && !flow.is_in_span(6_630));
        flow.set_span(0, 61);
        assert!(flow.is_in_span(0) && flow.is_in_span(60) && !flow.is_in_span(61));
        flow.set_span(0, u32::MAX);
        assert!(flow.is_in_span(0) && !flow.is_in_span(u32::MAX) && flow.is_timed());
        flow.set_span(0, 0);
        assert!(!flow.is_timed());
    }

    #[test]
    fn a_tally_is_due_long_before_it_is_full() {
        let frames = 1 << 23;
        let mut tally = Tally::NONE;
        for _ in 0..frames {
            assert!(!tally.is_due());
            tally = tally.and_frame(u16::MAX.into());
        }
        assert!(tally.is_due());
        assert_eq!(tally.frames(), frames);
        assert_eq!(tally.bytes(), frames * u64::from(u16::MAX));
    }
}
