//! Frames on the ports of a router (docs/judgement.md section 12).

mod detours;
mod forwarded;
mod martians;
mod ports;
mod received;
mod sent;
mod uplinks;
mod world;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    [
        ports::cases(),
        sent::cases(),
        detours::cases(),
        uplinks::cases(),
        martians::cases(),
        received::cases(),
        forwarded::cases(),
    ]
    .concat()
}
