//! Fragments, as far as one frame alone tells (docs/judgement.md, 1.4).

use xiot_common::reason::Reason;

use super::l4;
use crate::scratch::{self, Part};

/// Largest payload of a datagram.
const MAX_PAYLOAD: u32 = 65_535;
/// Payload that every IPv4 link carries: 68 bytes less a header without options (RFC 791).
const LEAST_V4: u16 = 48;
/// Less than half of what every IPv6 link carries: some stacks cut a datagram into equal parts.
const LEAST_V6: u16 = 512;

/// Checks a fragment and keeps what its header says.
#[inline(always)]
pub(super) fn note(part: &Part, v6: bool) -> Result<(), Reason> {
    let later = part.offset != 0;
    let last = part.more == 0;
    if (!last && part.length & 7 != 0)
        || (later && part.length == 0)
        || u32::from(part.offset) * 8 + u32::from(part.length) > MAX_PAYLOAD
    {
        return Err(Reason::FragmentBadLength);
    }
    if part.offset == 1 && part.protocol == l4::TCP {
        return Err(Reason::FragmentOffsetOne);
    }
    if !last && part.length < if v6 { LEAST_V6 } else { LEAST_V4 } {
        return Err(Reason::FragmentTiny);
    }
    if let Some(scratch) = scratch::get() {
        scratch.part.set(*part);
    }
    Ok(())
}
