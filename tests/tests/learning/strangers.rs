//! What a device never did is dropped.

use std::{collections::BTreeSet, net::IpAddr};

use xiot_agent::oracle::Side;
use xiot_tests::{
    frame::{Frame, flag, frame},
    shot::{Shot, from_device, from_uplink},
    ward::ROUTER,
};

use crate::{
    case::Case,
    film::Scene,
    habit::{Habit, Habits},
    site,
    trial::Trial,
};

/// A port that nobody asked for anything, in any capture.
const NEVER: u16 = 61_987;

/// Whom nobody spoke with.
const NOBODY: &str = "203.0.113.77";

/// Makes the device, and peers, do under this policy what is not among these scenes, and looks that all of it is dropped.
pub(crate) fn are_dropped(trial: &mut Trial, case: &Case, text: &str, scenes: &[Scene]) {
    // After a silence either side may have opened what the other did before: each frame may be the first.
    let first = scenes.iter().map(|scene| Habits::default().of(&scene.shot));
    let seen: BTreeSet<Habit> = scenes
        .iter()
        .map(|scene| scene.habit)
        .chain(first)
        .collect();
    let peers: BTreeSet<IpAddr> = seen.iter().filter_map(Habit::peer).collect();
    let nobody = NOBODY.parse().expect("an address");
    trial.begin(&site::promoted(text, "enforce"));
    let mut tried = 0;
    for peer in peers.iter().copied().chain([nobody]) {
        for port in [NEVER, 23, 80, 443, 502, 47_808] {
            for protocol in [6, 17, 47] {
                for by_device in [true, false] {
                    let habit = Habit::Talk {
                        by_device,
                        protocol,
                        port: if protocol == 47 { 0 } else { port },
                        peer,
                    };
                    let Some(shot) = opening(case, habit) else {
                        continue;
                    };
                    if seen.contains(&habit) {
                        continue;
                    }
                    let verdict = trial.put(&shot);
                    assert!(
                        verdict.dropped,
                        "{}: {habit} {verdict:?}\n{text}",
                        case.file
                    );
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 0, "{}: nothing was tried", case.file);
}

/// The frame that opens it; none: there is no such frame.
fn opening(case: &Case, habit: Habit) -> Option<Shot> {
    let Habit::Talk {
        by_device,
        protocol,
        port,
        peer,
    } = habit
    else {
        return None;
    };
    let is_group = peer.is_multicast()
        || peer.is_unspecified()
        || matches!(peer, IpAddr::V4(peer) if peer.is_broadcast());
    if !by_device && is_group {
        return None;
    }
    let own: IpAddr = if peer.is_ipv4() {
        [198, 51, 100, 9].into()
    } else {
        [0xfd00, 0, 0, 0, 0, 0, 0, 9].into()
    };
    let build = |envelope: xiot_tests::frame::PacketEnvelope| -> Frame {
        match protocol {
            6 => envelope.tcp(50_505, port, flag::SYN),
            17 => envelope.udp(50_505, port),
            number => envelope.protocol(number, &[0; 16]),
        }
    };
    Some(if by_device {
        from_device(&build(frame(case.mac(), ROUTER).packet(own, peer)))
    } else {
        let shot = from_uplink(&build(frame(ROUTER, case.mac()).packet(peer, own)));
        assert_eq!(shot.side, Side::Uplink);
        shot
    })
}
