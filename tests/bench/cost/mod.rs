//! What a frame costs in the program alone: nanoseconds by scenario through `BPF_PROG_TEST_RUN`.
//!
//! A test run repeats one frame. A small program in front makes it another each time, then calls the program by a tail call.
//! The same front with a program that does nothing is measured in the same round and subtracted, so that neither the kernel's
//! timer nor the front is in a figure. Each scenario shows by the reasons counted that it is what it says.

mod bench;
mod frames;

use xiot_agent::model::policy::Mode;
use xiot_common::{port::Side, reason::Reason};

use self::bench::{Frames, Judge};
use crate::{
    effort::Effort,
    report::{Report, Subject},
    rig::{
        frames::{Family, Header, udp},
        site::{Site, scattered},
    },
};

/// Datagrams in fragments of one round: fewer than the program keeps track of.
const DATAGRAMS: u16 = 1000;

/// Runs all scenarios.
pub(crate) fn run(effort: &Effort, report: &mut Report) {
    xiot_tests::cpu::stay();
    empty(effort, report);
    flows(effort, report);
    openings(effort, report);
    denials(effort, report);
    others(effort, report);
    fragments(effort, report);
    full(effort, report);
}

fn site(effort: &Effort, family: Family) -> Site {
    Site::new(effort.rules[0], family)
}

fn of(count: u32, frame: impl Fn(u32) -> Header) -> Vec<Header> {
    (0..count).map(frame).collect()
}

fn note(report: &mut Report, scenario: &str, site: &Site, flows: Option<u32>, costs: &[f64]) {
    let subject = Subject {
        suite: "cost",
        scenario: scenario.to_owned(),
        configuration: "xiot",
        family: site.family.name(),
        rules: Some(site.rules),
        devices: Some(site.devices),
        flows,
    };
    report.measured(subject, "ns/frame", costs);
}

/// Rounds of frames that are judged for one reason; what they cost.
fn rounds(
    effort: &Effort,
    frames: &mut Frames,
    judge: &mut Judge,
    reason: Reason,
    mut before: impl FnMut(&Judge),
) -> Vec<f64> {
    let mut costs = Vec::new();
    for round in 0..=effort.rounds {
        before(judge);
        let counted = judge.counted();
        let alone = frames.alone(effort.frames);
        let cost = frames.judged(judge, Side::Device, effort.frames) - alone;
        let now = judge.counted();
        let count = |reason| now[&reason] - counted[&reason];
        let expected = u64::from(effort.frames);
        // A few are judged again, when a second or an epoch begins.
        assert!(
            count(reason) >= expected * 9 / 10,
            "{} of {expected} frames for {reason:?}; {:?}",
            count(reason),
            Reason::ALL
                .iter()
                .map(|reason| (*reason, count(*reason)))
                .filter(|(_, count)| *count > 0)
                .collect::<Vec<_>>()
        );
        if round > 0 {
            costs.push(cost);
        }
    }
    costs
}

/// The front itself: what every other figure is less by.
fn empty(effort: &Effort, report: &mut Report) {
    let site = site(effort, Family::Ipv4);
    let headers = of(effort.flows[0], |n| udp(Family::Ipv4, &site.flow(n), false));
    let mut frames = Frames::new(&headers, None);
    let costs: Vec<f64> = (0..effort.rounds)
        .map(|_round| frames.alone(effort.frames))
        .collect();
    note(
        report,
        "empty program and front, not subtracted here",
        &site,
        None,
        &costs,
    );
}

/// Opens all flows from both sides, few at a time as it is in life; gives their frames in an order without a pattern.
fn open(judge: &mut Judge, site: &Site, flows: u32) -> Frames {
    const AT_A_TIME: u32 = 1 << 15;
    let asked = of(flows, |n| udp(site.family, &site.flow(n), false));
    let answered = of(flows, |n| udp(site.family, &site.flow(n), true));
    let (mut asking, mut answering) = (Frames::new(&asked, None), Frames::new(&answered, None));
    let mut left = flows;
    while left > 0 {
        let count = left.min(AT_A_TIME);
        asking.judged(judge, Side::Device, count);
        answering.judged(judge, Side::Uplink, count);
        left -= count;
    }
    let order = scattered(flows).into_iter();
    let asked: Vec<Header> = order.map(|number| asked[number as usize]).collect();
    Frames::new(&asked, None)
}

fn flows(effort: &Effort, report: &mut Report) {
    let [few, many, most] = effort.flows;
    for (family, mode, name) in [
        (Family::Ipv4, Mode::Enforce, "flow hit"),
        (Family::Ipv4, Mode::Learn, "flow hit, learn"),
        (Family::Ipv6, Mode::Enforce, "flow hit"),
        (Family::QinQ, Mode::Enforce, "flow hit"),
    ] {
        let site = site(effort, family);
        let mut judge = Judge::load(&site, mode, few);
        let mut frames = open(&mut judge, &site, few);
        let costs = rounds(effort, &mut frames, &mut judge, Reason::AllowedFlow, |_| ());
        note(report, name, &site, Some(few), &costs);
    }
    let site = site(effort, Family::Ipv4);
    let mut judge = Judge::load(&site, Mode::Enforce, most);
    let mut frames = open(&mut judge, &site, most);
    for active in [few, many, most] {
        frames.among(active);
        let costs = rounds(effort, &mut frames, &mut judge, Reason::AllowedFlow, |_| ());
        note(
            report,
            "flow hit among the most flows, so many active",
            &site,
            Some(active),
            &costs,
        );
    }
}

fn openings(effort: &Effort, report: &mut Report) {
    let site = site(effort, Family::Ipv4);
    for (mode, name) in [
        (Mode::Enforce, "cold allow: opens a flow"),
        (Mode::Learn, "opens a flow, learn"),
    ] {
        let mut judge = Judge::load(&site, mode, effort.frames);
        let headers = of(site.first_flows(), |n| {
            udp(Family::Ipv4, &site.flow(n), false)
        });
        let mut frames = Frames::new(&headers, Some(Family::Ipv4.port_at()));
        let forget = |judge: &Judge| judge.datapath.clear_flows().expect("it is there");
        let costs = rounds(effort, &mut frames, &mut judge, Reason::AllowedRule, forget);
        note(report, name, &site, None, &costs);
    }
}

fn denials(effort: &Effort, report: &mut Report) {
    let [few, many, _] = effort.flows;
    let site = site(effort, Family::Ipv4);
    let mut judge = Judge::load(&site, Mode::Enforce, few);
    let denied = |n| udp(Family::Ipv4, &site.denied(n), false);
    let unknown = |n| udp(Family::Ipv4, &site.unknown(n), false);
    let varies = Some(Family::Ipv4.port_at());
    for (name, headers, varies, reason) in [
        (
            "denied again, one conversation",
            of(1, denied),
            None,
            Reason::NoPeer,
        ),
        (
            "denied cold, random targets",
            of(many, denied),
            varies,
            Reason::NoPeer,
        ),
        (
            "unknown device, one conversation",
            of(1, unknown),
            None,
            Reason::UnknownDevice,
        ),
        (
            "unknown devices, random",
            of(many, unknown),
            varies,
            Reason::UnknownDevice,
        ),
    ] {
        let mut frames = Frames::new(&headers, varies);
        let costs = rounds(effort, &mut frames, &mut judge, reason, |_| ());
        note(report, name, &site, None, &costs);
    }
}

/// Behind two extension headers.
fn others(effort: &Effort, report: &mut Report) {
    let site = site(effort, Family::Ipv6);
    let mut judge = Judge::load(&site, Mode::Enforce, 1000);
    let (asked, like) = frames::extended(&site.flow(0), false);
    let (answered, back) = frames::extended(&site.flow(0), true);
    let mut frames = Frames::new(&[asked], None).like(like);
    frames.judged(&mut judge, Side::Device, 1);
    Frames::new(&[answered], None)
        .like(back)
        .judged(&mut judge, Side::Uplink, 1);
    let costs = rounds(effort, &mut frames, &mut judge, Reason::AllowedFlow, |_| ());
    note(
        report,
        "flow hit behind two extension headers",
        &site,
        Some(1),
        &costs,
    );
}

/// Last fragments of datagrams whose first ones have passed.
fn fragments(effort: &Effort, report: &mut Report) {
    let site = site(effort, Family::Ipv4);
    let mut judge = Judge::load(&site, Mode::Enforce, 1000);
    let mut costs = Vec::new();
    let count = u32::from(DATAGRAMS);
    for round in 0..=effort.rounds {
        let first_id = u16::try_from(round).expect("few rounds") * DATAGRAMS;
        let ids = (0..DATAGRAMS).map(|n| first_id.wrapping_add(n));
        let (firsts, lasts): (Vec<_>, Vec<_>) = ids
            .map(|id| frames::fragments(&site.flow(u32::from(id) % 10), id))
            .unzip();
        for first in &firsts {
            judge
                .datapath
                .time(Side::Device, first, 1)
                .expect("the program runs");
        }
        let mut frames = Frames::new(&lasts, None);
        let before = judge.counted()[&Reason::AllowedFragment];
        let alone = frames.alone(count);
        let cost = frames.judged(&mut judge, Side::Device, count) - alone;
        let passed = judge.counted()[&Reason::AllowedFragment] - before;
        assert_eq!(passed, u64::from(count), "{:?}", judge.counted());
        if round > 0 {
            costs.push(cost);
        }
    }
    note(report, "last fragment", &site, None, &costs);
}

/// Openings from ever the same ports: with room, and where each ends something older, since as many flows as fit are those that both
/// sides spoke in and all other places are taken by such as these.
fn full(effort: &Effort, report: &mut Report) {
    let site = site(effort, Family::Ipv4);
    let open_udp = |n| udp(Family::Ipv4, &site.flow(n), false);
    let syn = |n| frames::syn(&site.flow(n));
    for (name, headers, is_full) in [
        (
            "opens a flow, tables full",
            of(site.first_flows(), open_udp),
            true,
        ),
        ("SYN flood, with room", of(site.first_flows(), syn), false),
        ("SYN flood, tables full", of(site.first_flows(), syn), true),
    ] {
        let mut judge = Judge::load(&site, Mode::Enforce, effort.frames);
        let mut frames = Frames::new(&headers, Some(Family::Ipv4.port_at()));
        if is_full {
            let flows = judge.capacity.flows;
            open(&mut judge, &site, flows);
            frames.skip(flows.div_ceil(site.first_flows()));
            // More than there are places.
            frames.judged(&mut judge, Side::Device, 4 * flows);
        }
        let forget = |judge: &Judge| {
            if !is_full {
                judge.datapath.clear_flows().expect("it is there");
            }
        };
        let costs = rounds(effort, &mut frames, &mut judge, Reason::AllowedRule, forget);
        note(report, name, &site, None, &costs);
    }
}
