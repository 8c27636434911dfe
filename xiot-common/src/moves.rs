//! Flows that move from the table of one program to that of the next, which is of another size.
//!
//! From one instant on the next program judges all frames. A flow that it does not find in its own table and that is in the one before
//! moves with that frame; all others are moved in between ([`Moves`]). What moved stays where it was, with a note of when
//! ([`Moved`]): it moves once, and what a frame that was under way in that instant still counts there is found.

use crate::{
    flow::FlowState,
    flow_line::{FlowLine, FlowRest},
};

/// What has moved of a flow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Moved {
    /// 0: nothing. Else [`Moved::by`].
    by: u32,
    /// Frames from the device, their bytes, frames to the device and their bytes: as far as they have moved, modulo 2^32.
    counts: [u32; 4],
}

crate::layout!(Moved, size 20, align 4);

/// In a state: both sides spoke in the flow.
const CONFIRMED: u32 = 0x80;
const _: () = assert!((FlowState::TcpResponderDone as u32) < CONFIRMED);

/// Highest number of a move: a state fits beside it.
pub const LAST_MOVE: u32 = u32::MAX >> 8;

impl Moved {
    /// The move of this number, when the flow was in this state.
    #[inline(always)]
    const fn by(number: u32, state: u8, is_confirmed: bool) -> u32 {
        let confirmed = if is_confirmed { CONFIRMED } else { 0 };
        number << 8 | confirmed | state as u32
    }

    /// All of a flow, by the move of this number.
    #[inline(always)]
    pub const fn of(number: u32, line: &FlowLine, rest: &FlowRest, is_confirmed: bool) -> Self {
        let counts = rest.counts(line);
        Self {
            by: Self::by(number, line.state, is_confirmed),
            counts: [
                low(counts[0]),
                low(counts[1]),
                low(counts[2]),
                low(counts[3]),
            ],
        }
    }

    /// Whether the flow has moved in the move of this number.
    #[inline(always)]
    pub const fn is_by(&self, number: u32) -> bool {
        self.by >> 8 == number
    }

    /// Whether the flow has got on since, but for counters.
    #[inline(always)]
    pub const fn is_behind(&self, number: u32, state: u8, is_confirmed: bool) -> bool {
        self.by != Self::by(number, state, is_confirmed)
    }

    /// Of these counts of the flow what is not in those of the table that it moves to. Of one that another CPU moves right now, or that
    /// was opened in both tables in the instant of the switch, that is what those lack.
    #[inline(always)]
    pub const fn missing(&self, number: u32, counts: [u64; 4], there: [u64; 4]) -> [u64; 4] {
        let mut missing = [0; 4];
        let mut n = 0;
        while n < missing.len() {
            missing[n] = if self.is_by(number) {
                low(counts[n]).wrapping_sub(self.counts[n]) as u64
            } else {
                counts[n].saturating_sub(there[n])
            };
            n += 1;
        }
        missing
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is meant")]
const fn low(count: u64) -> u32 {
    count as u32
}

/// How far the flows have been moved that no frame moved.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Moves {
    /// Flows that both sides spoke in come first: 0. Then the others: 1.
    pub round: u32,
    /// Set of the table before that is next.
    pub set: u32,
    /// Flows that moved, with a frame or without.
    pub moved: u64,
    /// Live flows that there was no room for.
    pub left_out: u64,
}

crate::layout!(Moves, size 24, align 8);

/// What the program that moves flows answers: there are more.
pub const MORE: u32 = 2;
/// That was all.
pub const DONE: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow_line::Tally;

    const FRAMES: [u64; 4] = [u32::MAX as u64, 1 << 40, 0, 0];

    fn flow() -> (FlowLine, FlowRest) {
        let line = FlowLine {
            state: FlowState::Unreplied as u8,
            ..FlowLine::default()
        };
        let rest = FlowRest {
            from_frames: FRAMES[0],
            from_bytes: FRAMES[1],
            ..FlowRest::default()
        };
        (line, rest)
    }

    #[test]
    fn what_comes_after_a_move_is_missing_and_nothing_else() {
        let (mut line, rest) = flow();
        let moved = Moved::of(7, &line, &rest, false);
        assert!(moved.is_by(7) && !moved.is_by(8) && !Moved::default().is_by(7));
        assert_eq!(moved.missing(7, rest.counts(&line), FRAMES), [0; 4]);
        line.from = Tally::NONE.and_frame(60);
        line.to = Tally::NONE.and_frame(64);
        // Beyond 32 bits of frames.
        let missing = moved.missing(7, rest.counts(&line), FRAMES);
        assert_eq!(missing, [1, 60, 1, 64]);
    }

    #[test]
    fn of_what_has_not_moved_all_is_missing_that_is_not_there() {
        let (line, rest) = flow();
        let counts = rest.counts(&line);
        let other = Moved::of(6, &line, &rest, true);
        assert_eq!(other.missing(7, counts, [0; 4]), counts);
        assert_eq!(other.missing(7, counts, counts), [0; 4]);
    }

    #[test]
    fn a_flow_is_behind_that_was_answered_since() {
        let (line, rest) = flow();
        let moved = Moved::of(LAST_MOVE, &line, &rest, false);
        assert!(!moved.is_behind(LAST_MOVE, line.state, false));
        assert!(moved.is_behind(LAST_MOVE, line.state, true));
        assert!(moved.is_behind(LAST_MOVE, FlowState::Replied as u8, false));
    }
}
