//! Fragments that overlap what has passed of their datagram.

use xiot_common::reason::Reason::FragmentOverlap;
use xiot_tests::frame::Frame;

use crate::{
    case::{Case, case, device},
    fragments::{first, follows, last, part, udp, untracked, v4},
};

pub(crate) fn cases() -> Vec<Case> {
    let overlap = |frame: &Frame| device(frame, FragmentOverlap);
    let again = || {
        let frame = v4().fragment(0, true).protocol(17, &udp(64));
        device(&frame, FragmentOverlap)
    };
    vec![
        case(
            "a fragment that overlaps what has passed ends its datagram",
            [first(), overlap(&part(7)), untracked(&part(8))],
        ),
        case(
            "the same fragment again overlaps too",
            [
                first(),
                follows(&part(8)),
                overlap(&part(8)),
                untracked(&part(16)),
            ],
        ),
        case(
            "a fragment over a gap and what is behind it overlaps",
            [
                first(),
                follows(&part(24)),
                overlap(&part(17)),
                untracked(&part(8)),
            ],
        ),
        case(
            "a second first fragment overlaps",
            [first(), again(), untracked(&part(8))],
        ),
        case(
            "nothing lies behind the end",
            [
                first(),
                follows(&last(16, 3)),
                overlap(&part(17)),
                untracked(&part(8)),
            ],
        ),
        case(
            "the end is not before what has passed",
            [
                first(),
                follows(&part(24)),
                overlap(&last(16, 3)),
                untracked(&part(8)),
            ],
        ),
        case(
            "there is one end",
            [
                first(),
                follows(&last(24, 3)),
                overlap(&last(24, 3)),
                untracked(&part(8)),
            ],
        ),
    ]
}
