//! Captures with frames changed, cut to pieces, tagged, answered, lost and doubled: program and oracle still agree.

use xiot_agent::{model::policy::Policy, oracle::Side};
use xiot_common::reason::Reason;
use xiot_tests::{
    compare::{Trial, first_difference},
    effort::{self, Effort},
    generate::Dice,
    prog::Prog,
    shot::{Shot, opposite},
    ward,
};

use crate::{ROOM, SHORTEST, captures, learned::learned, shots};

/// Frames of one capture that are changed at most, so that no large one takes all the time.
const MOST: usize = 2_000;

#[test]
fn changed_captures_are_judged_as_the_oracle_judges_them() {
    let Some(captures) = captures() else { return };
    let first_seed = effort::seed();
    let effort = Effort::asked(1);
    println!("XIOT_SEED={first_seed}, {effort:?}");
    let mut prog = Prog::load(ROOM);
    let wires = ward::wires();
    let mut seen = vec![0_u64; usize::from(u8::MAX) + 1];
    let mut seed = first_seed;
    let mut total = 0;
    // All captures at least once.
    while !effort.is_spent(total) {
        for (number, (name, capture)) in captures.iter().enumerate() {
            let mut dice = Dice::new(seed ^ (number as u64) << 32);
            let policy = learned(number, capture);
            let shots = changed(&mut dice, &policy, capture);
            let mut trial = Trial::new(&mut prog, &policy, &wires);
            let judged = shots.iter().try_for_each(|shot| {
                let verdict = trial.judge(shot)?;
                seen[usize::from(verdict.reason as u8)] += 1;
                Ok(())
            });
            if let Err(difference) = judged.and_then(|()| trial.finish()) {
                explain_and_fail(
                    seed,
                    name,
                    &mut prog,
                    &policy,
                    &shots,
                    &difference.to_string(),
                );
            }
        }
        total = seen.iter().sum();
        seed = seed.wrapping_add(1);
    }
    let mut reasons = 0;
    for &reason in Reason::ALL {
        let count = seen[usize::from(reason as u8)];
        if count > 0 {
            println!("{count:9} {}", reason.name());
            reasons += 1;
        }
    }
    println!(
        "{total:9} changed frames of {} captures, {reasons} reasons",
        captures.len()
    );
    assert!(reasons >= 30, "the changes reach only {reasons} reasons");
}

/// The frames of a capture, many of them changed.
fn changed(dice: &mut Dice, policy: &Policy, capture: &[Vec<u8>]) -> Vec<Shot> {
    let shots = shots(policy, capture);
    let start = dice.below(shots.len().saturating_sub(MOST) + 1);
    let window = &shots[start..(start + MOST).min(shots.len())];
    let mut changed = Vec::new();
    for shot in window {
        let other = &window[dice.below(window.len())].frame;
        for frame in crate::mutate::mutate(dice, &shot.frame, other) {
            if frame.len() >= SHORTEST {
                changed.push(Shot {
                    after: u32::from(dice.percent(1)) * u32::from(dice.byte()),
                    wire: u16::from(dice.percent(2)),
                    side: side(dice, shot.side),
                    frame,
                });
            }
        }
    }
    changed
}

fn side(dice: &mut Dice, side: Side) -> Side {
    if dice.percent(5) {
        opposite(side)
    } else {
        side
    }
}

/// Drops what the difference does not need before it is shown.
fn explain_and_fail(
    seed: u64,
    name: &str,
    prog: &mut Prog,
    policy: &Policy,
    shots: &[Shot],
    first: &str,
) -> ! {
    let wires = ward::wires();
    let mut shots = shots.to_vec();
    let mut chunk = shots.len().div_ceil(2);
    while chunk > 0 {
        let mut start = 0;
        while start < shots.len() {
            let mut rest = shots.clone();
            rest.drain(start..(start + chunk).min(shots.len()));
            if let Some(difference) = first_difference(prog, policy, &wires, &rest) {
                rest.truncate(difference.at + 1);
                shots = rest;
            } else {
                start += chunk;
            }
        }
        chunk /= 2;
    }
    let last = first_difference(prog, policy, &wires, &shots).map_or_else(
        || format!("does not repeat: {first}"),
        |last| last.to_string(),
    );
    let frames: Vec<String> = shots
        .iter()
        .map(|shot| {
            format!(
                "{:?} wire {} after {} s: {:02x?}",
                shot.side, shot.wire, shot.after, shot.frame
            )
        })
        .collect();
    panic!(
        "XIOT_SEED={seed}, {name}: {last}\n{}\n{policy:#?}",
        frames.join("\n")
    );
}
