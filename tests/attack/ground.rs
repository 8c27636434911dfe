//! Where attacks take place: a real agent on a real wire, an attacker on one side, and what is seen of it on both.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use xiot_agent::netns::{
    offload::receive_redirected,
    packet::{Captured, PacketSocket},
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    frame::frame,
    net::{
        gateway::{Gateway, Lines},
        rig::{Host, Rig},
    },
    until::{patience, within},
};

use crate::{
    AGENT,
    attempt::Attempt,
    bystander::{ARCHIVE, Bystander, MONITOR},
    catalogue::{self, Attack, Family},
};

/// Where the attacker is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// Among the devices.
    Device,
    /// In the core network.
    Uplink,
}

impl Side {
    /// As `status` names it.
    fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Uplink => "uplink",
        }
    }
}

/// How an attack of the catalogue is performed.
pub(crate) struct Deed {
    pub(crate) id: &'static str,
    pub(crate) from: Side,
    pub(crate) run: fn(&mut Attempt<'_>),
}

/// The deed of this name by a device.
pub(crate) const fn by_device(id: &'static str, run: fn(&mut Attempt<'_>)) -> Deed {
    Deed {
        id,
        from: Side::Device,
        run,
    }
}

/// The deed of this name by somebody in the core network.
pub(crate) const fn by_uplink(id: &'static str, run: fn(&mut Attempt<'_>)) -> Deed {
    Deed {
        id,
        from: Side::Uplink,
        run,
    }
}

/// Frames counted by reason.
type Counts = BTreeMap<String, u64>;

/// Frames counted by what became of them.
#[derive(Clone, Debug, Default)]
struct Tally {
    forwarded: Counts,
    watched: Counts,
    dropped: Counts,
}

/// What a gateway guards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'s> {
    pub(crate) policy: &'s str,
    /// Wires beside the one of the rig.
    pub(crate) wires: &'s [&'s str],
    /// Further lines of gateway.yaml.
    pub(crate) gateway: &'s str,
}

/// One topology with its agent, and a conversation that goes on while attacks happen.
pub(crate) struct Ground<'r> {
    pub(crate) rig: &'r Rig,
    pub(crate) gateway: Gateway<'r>,
    pub(crate) bystander: Bystander,
    /// Neither host's kernel sends anything by itself.
    pub(crate) quiet: bool,
    markers: Cell<u16>,
}

/// Performs the attacks of a family with both hosts' kernels silent: every frame is one that a deed sends.
#[track_caller]
pub(crate) fn perform(test: &str, deeds: &[Deed]) {
    perform_at(&SITE, test, deeds);
}

/// The same at another site.
#[track_caller]
pub(crate) fn perform_at(site: &Site<'_>, test: &str, deeds: &[Deed]) {
    let rig = Rig::new();
    rig.quiet();
    perform_all(&rig, site, true, test, deeds);
}

/// Performs the attacks of a family between hosts that live.
#[track_caller]
pub(crate) fn perform_on(rig: &Rig, test: &str, deeds: &[Deed]) {
    perform_on_at(rig, &SITE, test, deeds);
}

/// The same at another site.
#[track_caller]
pub(crate) fn perform_on_at(rig: &Rig, site: &Site<'_>, test: &str, deeds: &[Deed]) {
    perform_all(rig, site, false, test, deeds);
}

/// Performs the attacks of a family, each after the other, and reports all that went wrong together.
#[track_caller]
fn perform_all(rig: &Rig, site: &Site<'_>, quiet: bool, test: &str, deeds: &[Deed]) {
    let family = family(test);
    println!("{}: {}", family.title, family.about);
    let listed: Vec<_> = family.attacks.iter().map(|attack| &*attack.id).collect();
    let there: Vec<_> = deeds.iter().map(|deed| deed.id).collect();
    assert_eq!(there, listed, "the deeds of `{test}` and its list");
    let wire = family.wire.as_ref();
    let wire = wire.map_or_else(String::new, |keys| format!(", {keys}"));
    let wires: String = site
        .wires
        .iter()
        .map(|name| wire_beside(rig, name))
        .collect();
    let lines = Lines {
        wire: &wire,
        wires: &wires,
        more: site.gateway,
    };
    let ground = Ground {
        rig,
        gateway: Gateway::start_on(rig, AGENT, site.policy, lines, &[]),
        bystander: Bystander::join(rig),
        quiet,
        markers: Cell::new(0),
    };
    ground.open_markers();
    let mut wrong = Vec::new();
    for (deed, attack) in deeds.iter().zip(&family.attacks) {
        let begun = Instant::now();
        let outcome = ground.perform(deed, attack);
        println!("{:>6} ms {}", begun.elapsed().as_millis(), attack.id);
        if let Err(what) = outcome {
            let (id, does) = (&attack.id, &attack.does);
            let tool = attack.tool.as_deref().unwrap_or("own frames");
            let after = attack.after.as_deref().unwrap_or("nothing to see");
            wrong.push(format!("{id}: {does} ({tool}; afterwards {after})\n{what}"));
        }
        ground.bystander.goes_on();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    ground.bystander.was_undisturbed();
}

/// Makes another wire, with nothing on it, and gives back its line.
fn wire_beside(rig: &Rig, name: &str) -> String {
    let ports = ["dev9", "up9"];
    let [device, uplink] = ports;
    let script = format!("link add {device} type veth peer name {uplink}");
    rig.gateway.ip(&script).unwrap();
    for port in ports {
        rig.gateway.silence(port).unwrap();
        rig.gateway.ip(&format!("link set {port} up")).unwrap();
    }
    for port in ports {
        receive_redirected(&rig.gateway, port).unwrap();
    }
    format!("  - {{name: {name}, device: {device}, uplink: {uplink}}}\n")
}

fn family(test: &str) -> Family {
    let all = catalogue::read().unwrap_or_else(|error| panic!("{error}"));
    let found = all.families.into_iter().find(|family| family.test == test);
    found.unwrap_or_else(|| panic!("no family has the test `{test}`"))
}

impl Ground<'_> {
    fn perform(&self, deed: &Deed, attack: &Attack) -> Result<(), String> {
        let before = self.counts(deed.from);
        let mut attempt = Attempt::new(self, deed.from);
        (deed.run)(&mut attempt);
        attempt.settle();
        // Replies of a kernel, and its answers to them, may still be on the way.
        let settled = within(patience() / 10, || {
            attempt.look();
            let tally = self.counts(deed.from).since(&before);
            let accounted = attempt.arrived.len() as u64 + tally.dropped.values().sum::<u64>();
            (attempt.sent() == accounted).then_some(tally)
        });
        let Some(mut tally) = settled else {
            let tally = self.counts(deed.from).since(&before);
            return Err(format!(
                "  {} frames sent, {} arrived, counted {tally:?}",
                attempt.sent(),
                attempt.arrived.len()
            ));
        };
        // Kernels speak to their neighbours when they like, also between the two readings of the counters. What an attack
        // sends in that manner has arrived or has not, byte for byte.
        let service = Reason::AllowedService;
        if self.quiet || attack.reasons.iter().any(|named| named.0 == service) {
            take(&mut tally.forwarded, service, attempt.of_neighbours);
        } else {
            tally.forwarded.remove(service.name());
        }
        let arrived = attempt.arrived.len() as u64;
        let mut wrong = attempt.wrong_arrivals();
        wrong.extend(attempt.wrong_refusals(&tally.dropped));
        wrong.extend(tally.unlike(attack, arrived));
        if attack.arrives.is_none() && arrived > 0 {
            wrong.push(format!("{arrived} frames arrived"));
        }
        if attack.arrives.is_some() && arrived == 0 {
            wrong.push("nothing arrived".to_owned());
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("  {}\n  counted {tally:?}", wrong.join("\n  ")))
        }
    }

    /// Sends one of each side, so that all later ones are of a conversation.
    fn open_markers(&self) {
        let [device, uplink] = [&self.rig.device, &self.rig.uplink].map(Host::packets);
        self.marker(Side::Device, &device, &uplink);
        self.marker(Side::Uplink, &uplink, &device);
    }

    /// Sends a frame of another device that is allowed, and waits until it arrives: what was sent before has by then.
    /// Gives back what came before it.
    pub(crate) fn marker(
        &self,
        from: Side,
        mine: &PacketSocket,
        theirs: &PacketSocket,
    ) -> Vec<Captured> {
        self.markers.set(self.markers.get() + 1);
        let (ends, addresses) = match from {
            Side::Device => ([MONITOR, ARCHIVE], ["10.30.1.13", "10.30.1.3"]),
            Side::Uplink => ([ARCHIVE, MONITOR], ["10.30.1.3", "10.30.1.15"]),
        };
        let marker = frame(ends[0], ends[1])
            .ip(addresses[0], addresses[1])
            .identification(self.markers.get().into())
            .udp(9, 9)
            .build();
        mine.send(&marker).unwrap();
        let deadline = Instant::now() + patience();
        let mut seen = Vec::new();
        loop {
            let Some(frame) = theirs.receive(deadline).unwrap() else {
                panic!("the frame after an attack never came");
            };
            if frame.bytes == marker {
                return seen;
            }
            seen.push(frame);
        }
    }

    /// Frames from one side.
    fn counts(&self, from: Side) -> Tally {
        let opened = self.bystander.opened();
        let status = self.gateway.json(&["status"]);
        let mut tally = Tally::default();
        for row in status["frames"].as_array().unwrap() {
            if row["side"] == from.name() {
                let counts = match row["verdict"].as_str().unwrap() {
                    "forwarded" => &mut tally.forwarded,
                    "dropped" => &mut tally.dropped,
                    _ => &mut tally.watched,
                };
                let reason = row["reason"].as_str().unwrap().to_owned();
                *counts.entry(reason).or_default() += row["frames"].as_u64().unwrap();
            }
        }
        if from == Side::Device {
            take(&mut tally.forwarded, Reason::AllowedRule, opened);
        }
        tally
    }
}

impl Tally {
    /// What has been counted since.
    fn since(&self, before: &Self) -> Self {
        Self {
            forwarded: minus(&self.forwarded, &before.forwarded),
            watched: minus(&self.watched, &before.watched),
            dropped: minus(&self.dropped, &before.dropped),
        }
    }

    /// What was counted under other reasons than the list says. Under `allowed_flow` the other device's frames are counted
    /// too: the attack's own are those that arrived and are counted nowhere else.
    fn unlike(&self, attack: &Attack, arrived: u64) -> Vec<String> {
        let in_flow = Reason::AllowedFlow.name();
        let mut forwarded = self.forwarded.clone();
        forwarded.remove(in_flow);
        let elsewhere = [&forwarded, &self.watched].map(|counts| counts.values().sum::<u64>());
        let elsewhere = elsewhere.iter().sum();
        if arrived > elsewhere {
            forwarded.insert(in_flow.to_owned(), arrived - elsewhere);
        }
        let named = |allowed: bool| {
            let reasons = attack.reasons.iter().map(|named| named.0);
            let reasons = reasons.filter(|reason| (reason.class() == Class::Allowed) == allowed);
            reasons.map(Reason::name).collect::<BTreeSet<_>>()
        };
        let watched = attack.watched.iter().map(|named| named.0.name()).collect();
        let kinds = [
            ("forwarded", &forwarded, named(true)),
            ("watched", &self.watched, watched),
            ("dropped", &self.dropped, named(false)),
        ];
        let mut wrong = Vec::new();
        for (kind, counts, expected) in kinds {
            let found: BTreeSet<_> = counts.keys().map(String::as_str).collect();
            if found != expected {
                wrong.push(format!("{kind} as {found:?}, not {expected:?}"));
            }
        }
        wrong
    }
}

fn minus(now: &Counts, before: &Counts) -> Counts {
    now.iter()
        .map(|(reason, count)| (reason.clone(), count - before.get(reason).unwrap_or(&0)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Takes frames that are not the attack's out of the counts.
fn take(counts: &mut Counts, reason: Reason, frames: u64) {
    if let Some(count) = counts.get_mut(reason.name()) {
        *count = count.saturating_sub(frames);
    }
    counts.retain(|_, count| *count > 0);
}

/// Without a grace period: attacks come at any time, it is over soon.
pub(crate) const SITE: Site<'_> = Site {
    policy: POLICY,
    wires: &[],
    gateway: "grace: 0s\n",
};

/// The pump is the device of the rig. Its server is the rig's host behind the uplink.
pub(crate) const POLICY: &str = r#"
onboarding: enforce
peer_sets:
  pump-server: [10.30.1.1, "fd00:30::1"]
  archive: [10.30.1.2, 10.30.1.3]
profiles:
  infusion-pump:
    services: [arp, nd, dhcp]
    allow:
      - {to: pump-server, tcp: 3613, udp: 3613, icmp: echo-request, icmpv6: echo-request}
      - {from: pump-server, tcp: 8000-8009, udp: 8000}
  monitor:
    timeouts: {udp-unreplied: 1h}
    services: [arp]
    allow:
      - {to: archive, tcp: 104, udp: 9}
      - {from: archive, udp: 9}
devices:
  - {name: pump, mac: "02:00:00:00:30:0c", ip: [10.30.1.12, "fd00:30::c"], profile: infusion-pump, mode: enforce}
  - {name: monitor, mac: "02:00:00:00:30:0d", ip: [10.30.1.13, 10.30.1.15], profile: monitor, mode: enforce}
  - {name: scanner, mac: "02:00:00:00:30:0e", vlan: 20, ip: 10.30.1.14, profile: infusion-pump, mode: enforce}
"#;
