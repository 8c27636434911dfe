//! Fragments that overlap what has passed of their datagram.

use xiot_common::reason::Reason::{AllowedFlow, FragmentOverlap};
use xiot_tests::{frame::Frame, ward};

use crate::{
    case::{Case, Event, Step, case, device},
    fragments::{first, follows, last, part, udp, untracked, v4},
};

pub(crate) fn cases() -> Vec<Case> {
    [overlaps(), broken()].concat()
}

fn overlap(frame: &Frame) -> Step {
    device(frame, FragmentOverlap)
}

/// The same start again.
fn again() -> Step {
    overlap(&v4().fragment(0, true).protocol(17, &udp(64)))
}

fn overlaps() -> Vec<Case> {
    vec![
        case(
            "a fragment that overlaps what has passed breaks its datagram",
            [first(), overlap(&part(7)), overlap(&part(8))],
        ),
        case(
            "the same fragment again overlaps too",
            [
                first(),
                follows(&part(8)),
                overlap(&part(8)),
                overlap(&part(16)),
            ],
        ),
        case(
            "a fragment over a gap and what is behind it overlaps",
            [
                first(),
                follows(&part(24)),
                overlap(&part(17)),
                overlap(&part(8)),
            ],
        ),
        case(
            "a second first fragment overlaps",
            [first(), again(), overlap(&part(8))],
        ),
        case(
            "nothing lies behind the end",
            [
                first(),
                follows(&last(16, 3)),
                overlap(&part(17)),
                overlap(&part(8)),
            ],
        ),
        case(
            "the end is not before what has passed",
            [
                first(),
                follows(&part(24)),
                overlap(&last(16, 3)),
                overlap(&part(8)),
            ],
        ),
        case(
            "there is one end",
            [
                first(),
                follows(&last(24, 3)),
                overlap(&last(24, 3)),
                overlap(&part(8)),
            ],
        ),
    ]
}

/// The same start, but of another datagram.
fn of_another(mut step: Step) -> Step {
    step.shot.frame[19] ^= 1;
    step
}

fn broken() -> Vec<Case> {
    let mut otherwise = ward::policy();
    otherwise.profiles[0].rules.truncate(8);
    let by_flow = {
        let frame = v4().fragment(0, true).protocol(17, &udp(64));
        device(&frame, AllowedFlow)
            .by_rule(3)
            .of_device(1)
            .by_flow()
    };
    vec![
        case(
            "a broken datagram takes no start, no part and no end any more",
            [
                first(),
                again(),
                again(),
                overlap(&part(8)),
                overlap(&last(8, 3)),
                again(),
            ],
        ),
        case(
            "a broken datagram stays so for its 30 seconds",
            [
                first(),
                overlap(&part(7)).at(20),
                overlap(&part(8)).at(30),
                untracked(&part(8)).at(31),
                first().at(31),
                follows(&part(8)).at(31),
            ],
        ),
        case(
            "a broken datagram stays so under another policy for its device",
            [
                first(),
                overlap(&part(7)),
                overlap(&part(8)).after(Event::Swap),
                again(),
                overlap(&part(8)),
            ],
        )
        .then(otherwise),
        case(
            "a broken datagram breaks no flow",
            [first(), again(), of_another(by_flow)],
        ),
    ]
}
