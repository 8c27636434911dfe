//! Several configurations in turn, round by round, so that what disturbs the machine disturbs all alike.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    effort::Effort,
    report::{Figure, Report, Subject},
    rig::{
        gateway::Kind,
        line::{Line, Passage},
        sender::{Sender, Traffic},
        site::Site,
    },
    stats::{Spread, less},
};

/// Turns of one measurement at most.
const TURNS: u32 = 4;

/// A site, traffic for it, and gateways that have its policy.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) sender: Sender,
    pub(crate) lines: Vec<Line>,
}

impl World {
    /// Gateways of these kinds, each of which has shown that it lets pass what it shall, and nothing else; and conversations, any of
    /// these numbers of them at a time.
    pub(crate) fn build(site: Site, flows: &[u32], kinds: &[Kind]) -> Self {
        let mut sender = Sender::new(&site, flows);
        let mut lines = Vec::new();
        for kind in kinds {
            eprintln!(
                "  {} rules, {}: {}",
                site.rules,
                site.family.name(),
                kind.name()
            );
            let line = Line::build(*kind, &site, &mut sender);
            line.prove(&mut sender);
            lines.push(line);
        }
        Self {
            site,
            sender,
            lines,
        }
    }

    /// Has all conversations up to this number known to every gateway.
    pub(crate) fn open(&mut self, flows: u32) {
        for line in &self.lines {
            if line.kind != Kind::Drop {
                line.open(&mut self.sender, flows);
            }
        }
    }
}

/// One that takes part: which world's, and which kind.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Entry {
    pub(crate) world: usize,
    pub(crate) kind: Kind,
}

/// What each took for a frame, by round, in nanoseconds, without what it takes to make one.
pub(crate) type Costs = BTreeMap<Entry, Vec<f64>>;

/// Runs these with this traffic, and reports.
pub(crate) fn contest(
    worlds: &mut [World],
    entries: &[Entry],
    traffic: Traffic,
    effort: &Effort,
    report: &mut Report,
) -> Costs {
    let mut samples: BTreeMap<Entry, Samples> = BTreeMap::new();
    // The first round is the noisy one, and says how long a burst takes.
    for round in 0..=effort.rounds {
        for entry in entries {
            let world = &mut worlds[entry.world];
            let line = world.lines.iter().find(|line| line.kind == entry.kind);
            let line = line.expect("it is built");
            let samples = samples.entry(*entry).or_default();
            if round == 0 {
                let (passage, _) = bursts(line, &mut world.sender, traffic, effort.frames, 1);
                samples.bursts = effort.bursts_of(passage.took);
                continue;
            }
            samples.add(measure(
                line,
                &mut world.sender,
                traffic,
                effort,
                samples.bursts,
            ));
        }
    }
    let mut costs = Costs::new();
    let mut alone = Vec::new();
    for entry in entries {
        let samples = &samples[entry];
        let net = less(&samples.gross, &samples.alone);
        report.add(Figure {
            subject: subject(&worlds[entry.world].site, entry.kind.name(), traffic),
            unit: "ns/frame",
            spread: Spread::of(&net),
            mpps: Some(1e3 / Spread::of(&samples.gross).median),
            lost: samples.lost,
        });
        costs.insert(*entry, net);
        alone.extend(&samples.alone);
    }
    let site = &worlds[entries[0].world].site;
    report.measured(
        subject(site, "generator alone", traffic),
        "ns/frame",
        &alone,
    );
    costs
}

/// One measurement: frames that are made alone and frames that are sent in turn, so that both see the machine equally fast.
fn measure(
    line: &Line,
    sender: &mut Sender,
    traffic: Traffic,
    effort: &Effort,
    count: u32,
) -> Sample {
    let turns = count.min(TURNS);
    let mut sample = Sample::default();
    let (mut alone, mut gross) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..turns {
        let count = (count + turn) / turns;
        alone += sender.send(traffic, None, None, count * effort.frames);
        let (passage, lost) = bursts(line, sender, traffic, effort.frames, count);
        gross += passage.took;
        sample.lost += lost;
    }
    let frames = count * effort.frames;
    sample.alone = each(alone, frames);
    sample.gross = each(gross, frames);
    sample
}

/// Sends so many bursts, and gives what they took together and how many of their frames were lost.
fn bursts(
    line: &Line,
    sender: &mut Sender,
    traffic: Traffic,
    frames: u32,
    count: u32,
) -> (Passage, u64) {
    // What opens flows has room for one burst. All else goes in one.
    let (count, frames) = if traffic == Traffic::Fresh {
        (count, frames)
    } else {
        (1, count * frames)
    };
    let mut all = Passage::default();
    for _burst in 0..count {
        if traffic == Traffic::Fresh {
            line.forget(sender);
        }
        let passage = line.send(sender, traffic, frames);
        all.took += passage.took;
        all.came += passage.came;
    }
    let expected = if line.kind.lets_pass(traffic) {
        u64::from(count * frames)
    } else {
        0
    };
    assert!(
        all.came <= expected,
        "{} let pass what it shall not: {} frames ({traffic:?})",
        line.kind.name(),
        all.came
    );
    (all, expected - all.came)
}

/// Of one measurement, in nanoseconds for a frame.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    /// Making one.
    alone: f64,
    /// Making one and all that comes of it.
    gross: f64,
    lost: u64,
}

/// The same by round.
#[derive(Debug, Default)]
struct Samples {
    /// How many are long enough.
    bursts: u32,
    alone: Vec<f64>,
    gross: Vec<f64>,
    lost: u64,
}

impl Samples {
    fn add(&mut self, sample: Sample) {
        self.alone.push(sample.alone);
        self.gross.push(sample.gross);
        self.lost += sample.lost;
    }
}

fn each(took: Duration, frames: u32) -> f64 {
    took.as_secs_f64() * 1e9 / f64::from(frames)
}

fn subject(site: &Site, configuration: &'static str, traffic: Traffic) -> Subject {
    let (scenario, flows) = match traffic {
        Traffic::Opening(flows) => ("opened", Some(flows)),
        Traffic::Answers(flows) => ("opened, answers", Some(flows)),
        Traffic::Flows(flows) => ("established", Some(flows)),
        Traffic::Replies(flows) => ("established, answers", Some(flows)),
        Traffic::Fresh => ("new flow per frame", None),
        Traffic::Denied => ("denied, one device", None),
        Traffic::Unknown => ("unknown devices", None),
    };
    Subject {
        suite: "rate",
        scenario: scenario.to_owned(),
        configuration,
        family: site.family.name(),
        rules: Some(site.rules),
        devices: Some(site.devices),
        flows,
    }
}
