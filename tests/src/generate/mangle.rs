//! Damages frames: a changed byte, an early end, something after the end.

use super::dice::Dice;

/// Shortest frame that a test run takes.
pub const SHORTEST: usize = 14;

pub(super) fn mangle(dice: &mut Dice, frame: &mut Vec<u8>) {
    match dice.below(100) {
        0..4 => {
            for _ in 0..=dice.below(3) {
                // Headers are where it matters.
                let at = dice.below(frame.len().min(120));
                frame[at] = match dice.below(4) {
                    0 => 0,
                    1 => 0xff,
                    2 => frame[at] ^ (1 << dice.below(8)),
                    _ => dice.byte(),
                };
            }
        }
        4..7 => {
            let length = SHORTEST + dice.below(frame.len() - SHORTEST + 1);
            frame.truncate(length);
        }
        7..10 => {
            let extra = dice.below(46);
            frame.resize(frame.len() + extra, 0xa5);
        }
        10 => {
            // A third tag, or a second.
            let at = 12;
            let tag = [0x81, 0x00, 0, dice.byte()];
            frame.splice(at..at, tag);
        }
        _ => {}
    }
}
