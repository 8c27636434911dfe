//! All that is said of a frame, and what becomes of it.

use std::fmt;

use xiot_agent::{
    compile::Assignment,
    oracle::{Fate, Place, Routed, Side},
};

use crate::{numbers::numbered, shot::Shot, verdict::Verdict};

/// Verdicts in order, and on a router what becomes of the frame: on a wire they say so themselves.
#[derive(Clone, Eq, PartialEq)]
pub struct Judged {
    /// One, or two where a router's segment sends to a segment.
    pub verdicts: Vec<Verdict>,
    /// None on a wire.
    pub fate: Option<Fate>,
}

impl Judged {
    /// On a wire.
    pub fn on_wire(verdict: Verdict) -> Self {
        Self {
            verdicts: vec![verdict],
            fate: None,
        }
    }

    /// What the oracle says, with the numbers that the program knows.
    pub fn routed(routed: &Routed, numbers: &Assignment) -> Self {
        let verdicts = routed.verdicts.iter();
        Self {
            verdicts: verdicts
                .map(|verdict| numbered(verdict.outcome, numbers))
                .collect(),
            fate: Some(routed.fate.clone()),
        }
    }

    /// The first verdict.
    ///
    /// # Panics
    /// Where there is none.
    pub fn first(&self) -> Verdict {
        *self.verdicts.first().expect("one verdict at least")
    }
}

impl fmt::Debug for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, verdict) in self.verdicts.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", then " };
            write!(f, "{comma}{verdict:?}")?;
        }
        match &self.fate {
            None => Ok(()),
            Some(Fate::Dropped) => write!(f, ": dropped"),
            Some(Fate::Stack) => write!(f, ": to the stack"),
            Some(Fate::Out(port, bytes)) => {
                write!(f, ": out by {port:?} as ")?;
                let headers = bytes.iter().take(60);
                headers
                    .into_iter()
                    .try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

/// Where a verdict on a wire counts.
pub fn place_on_wire(shot: &Shot) -> Place {
    Place::Segment(usize::from(shot.wire), shot.side)
}

/// Port index and side that verdicts count by, on a gateway with so many wires and segments.
pub(crate) fn counted_at(place: Place, wires: usize) -> (u16, Side) {
    let (index, side) = match place {
        Place::Segment(wire, side @ Side::Device) => (2 * wire, side),
        Place::Segment(wire, side @ Side::Uplink) => (2 * wire + 1, side),
        Place::Uplink(number) => (2 * (wires + number) + 1, Side::Uplink),
    };
    (u16::try_from(index).expect("few ports"), side)
}
