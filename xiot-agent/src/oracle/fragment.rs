//! Fragments as they come in, and those that no sane stack sends (docs/judgement.md section 1.4).

use std::ops::Range;

use xiot_common::reason::Reason;

use super::ip::Family;

/// Whether a packet is a part of a datagram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fragment {
    /// The packet is whole.
    No,
    First(Part),
    Later(Part),
}

/// Which part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Part {
    pub(super) identification: u32,
    /// In units of 8 bytes.
    pub(super) offset: usize,
    /// In bytes.
    pub(super) length: usize,
    pub(super) is_last: bool,
}

/// Bytes of a unit.
const UNIT: usize = 8;
/// The largest payload of a datagram.
const LARGEST: usize = 65_535;

impl Fragment {
    pub(super) fn of(part: Part) -> Self {
        match (part.offset, part.is_last) {
            (0, true) => Self::No,
            (0, false) => Self::First(part),
            _ => Self::Later(part),
        }
    }

    /// `protocol` is what the header says that makes it a fragment.
    pub(super) fn check(self, family: Family, protocol: u8) -> Result<(), Reason> {
        let (part, is_later) = match self {
            Self::No => return Ok(()),
            Self::First(part) => (part, false),
            Self::Later(part) => (part, true),
        };
        let is_ragged = !part.is_last && !part.length.is_multiple_of(UNIT);
        let is_empty = is_later && part.length == 0;
        if is_ragged || is_empty || part.offset * UNIT + part.length > LARGEST {
            return Err(Reason::FragmentBadLength);
        }
        if is_later && part.offset == 1 && protocol == 6 {
            return Err(Reason::FragmentOffsetOne);
        }
        let smallest = match family {
            Family::V4 => 48,
            Family::V6 => 512,
        };
        if !part.is_last && part.length < smallest {
            return Err(Reason::FragmentTiny);
        }
        Ok(())
    }
}

impl Part {
    /// The units that it takes, the last rounded up.
    pub(super) fn units(self) -> Range<usize> {
        self.offset..self.offset + self.length.div_ceil(UNIT)
    }
}
