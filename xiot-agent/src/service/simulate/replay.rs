//! A capture, put to the program frame by frame: what would have been dropped of it in mode enforce.
//!
//! All devices are in mode monitor there, so that a conversation which would be dropped counts as one, with its answers. Time stands still: conversations
//! do not end by silence, and what one second grants is for the whole capture; so a device may do the most that a profile can grant. What was there before the
//! capture is picked up, as after a cold start.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    net::IpAddr,
    sync::Arc,
};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use jiff::Timestamp;

use super::{Simulation, WouldDrop, capture};
use crate::{
    compile::{self, Assignment, CompileError, Limits},
    datapath::{ApplyError, Capacity, Datapath, Events, LoadError, Options, TestRunError},
    model::policy::{Limits as Budgets, Mode, Policy},
    propose::Directory,
    service::{
        names::Names,
        state::{MacBytes, Opener, Reason, Side, Verdict, Vlans},
    },
    unit,
};

/// Conversations at a time.
const FLOWS: u32 = 65_536;

/// Link type of Ethernet.
const ETHERNET: i32 = 1;

/// Longest frame that is judged: more is not on any wire.
const LONGEST: usize = 9216;

/// What a profile can grant at most.
const MOST: u32 = 1_000_000;

/// A capture can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no scratch instance.
    #[error("no scratch instance of the XDP program can be loaded")]
    Load(#[from] LoadError),
    /// The policy is too large, or can't be put into it.
    #[error("the policy can't be compiled")]
    Compile(#[from] CompileError),
    /// The policy can't be put into it.
    #[error("the policy can't be put into a scratch instance")]
    Apply(#[from] ApplyError),
    /// The kernel refuses to judge.
    #[error("the XDP program did not judge the frame")]
    Judge(#[from] TestRunError),
}

/// Frames that are no conversation, by what became of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Apart {
    /// Malformed, and dropped in every mode.
    pub malformed: BTreeMap<Reason, u64>,
    /// Of a device by name or MAC, and of an Ethernet type that is not IP: they would be dropped in mode enforce.
    pub not_ip: BTreeMap<(String, u16, Reason), u64>,
}

/// The scratch instance, and what came of the frames so far.
pub struct Replay {
    datapath: Datapath,
    names: Names,
    told: HashMap<Ends, usize>,
    devices: HashSet<(MacBytes, Vlans)>,
    simulation: Simulation,
    apart: Apart,
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").finish_non_exhaustive()
    }
}

/// A conversation, whichever side sends: the device's MAC, its own address and port, the peer's, and the protocol.
type Ends = (MacBytes, (IpAddr, u16), (IpAddr, u16), u8);

impl Replay {
    /// With this policy on these wires.
    pub fn new(mut policy: Policy, wires: &[String]) -> Result<Self, ReplayError> {
        policy.onboarding = Mode::Monitor;
        for device in &mut policy.devices {
            device.mode = Mode::Monitor;
        }
        for profile in &mut policy.profiles {
            profile.limits = Budgets {
                new_flows: MOST,
                fragments: MOST,
            };
        }
        let limits = Limits {
            slot_lines: u32::MAX,
            devices: u32::MAX,
            rules: u32::MAX,
        };
        let ids = Assignment::fresh(&policy);
        let image = compile::compile(&policy, wires, &limits, &ids, 1, 0)?;
        let options = Options {
            capacity: Capacity {
                slot_lines: image.header.lines.max(1),
                flows: FLOWS,
                half_open: FLOWS,
                devices: image.header.device_count.max(1),
                rules: image.header.rule_count.max(1),
                observed: FLOWS,
                event_ring: 4096,
            },
            events: Events {
                per_sender: 0,
                per_cpu: 0,
            },
            trace: true,
            ..Options::default()
        };
        let mut datapath = Datapath::load(&options)?;
        datapath.apply(&image)?;
        datapath.set_grace(u32::MAX);
        Ok(Self {
            datapath,
            names: Names::new(Arc::new(policy), wires.into(), Arc::new(ids)),
            told: HashMap::new(),
            devices: HashSet::new(),
            simulation: Simulation::default(),
            apart: Apart::default(),
        })
    }

    /// Judges a frame of a capture. What was cut off when it was captured is zeros.
    pub fn captured(&mut self, frame: &capture::Frame<'_>) -> Result<(), ReplayError> {
        if frame.link != ETHERNET {
            self.simulation.unknown += 1;
            return Ok(());
        }
        let mut data = frame.data.to_vec();
        data.resize(frame.length.clamp(data.len(), LONGEST), 0);
        self.frame(frame.time, &data)
    }

    /// Judges a frame as the policies of its sender and of its receiver have it. One of neither is counted as unknown.
    pub fn frame(&mut self, time: Option<Timestamp>, frame: &[u8]) -> Result<(), ReplayError> {
        let (Some(dst), Some(src)) = (mac(frame, 0), mac(frame, 6)) else {
            self.simulation.unknown += 1;
            return Ok(());
        };
        let vlans = vlans(frame);
        let mut is_known = false;
        for (mac, side) in [(src, Side::Device), (dst, Side::Uplink)] {
            let Some(device) = self.names.listed(mac, vlans) else {
                continue;
            };
            is_known = true;
            let on = device.wire.as_ref();
            let wires = self.names.wires().iter();
            let wire = on.and_then(|on| wires.zip(0_u16..).find(|(wire, _)| *wire == on));
            let wire = wire.map_or(0, |(_, number)| number);
            self.devices.insert((mac, vlans));
            let trace = self.datapath.test_run_on(wire, side, frame)?.trace;
            self.simulation.judged += 1;
            if let Some(reason) = Reason::from_u8(trace.reason) {
                self.note(reason, trace.dropped != 0, (mac, vlans), side, time, frame);
            }
        }
        self.simulation.unknown += u64::from(!is_known);
        Ok(())
    }

    fn note(
        &mut self,
        reason: Reason,
        dropped: bool,
        (mac, vlans): (MacBytes, Vlans),
        side: Side,
        time: Option<Timestamp>,
        frame: &[u8],
    ) {
        match Verdict::of(reason, dropped) {
            Verdict::Forwarded => return,
            Verdict::WouldDrop => {}
            Verdict::Dropped => {
                *self.apart.malformed.entry(reason).or_default() += 1;
                return;
            }
        }
        let Some((ends, initiator, protocol, port, peer)) = ends(frame, mac, side) else {
            let device = self.names.listed(mac, vlans);
            let name = device.map_or_else(|| unit::mac::format(mac), |it| it.name.clone());
            let key = (name, ethertype(frame), reason);
            *self.apart.not_ip.entry(key).or_default() += 1;
            return;
        };
        if let Some(known) = self
            .told
            .get(&ends)
            .and_then(|known| self.simulation.would_drop.get_mut(*known))
        {
            known.times += 1;
            known.last_seen = known.last_seen.max(time);
            return;
        }
        let device = self.names.listed(mac, vlans);
        let policy = self.names.policy();
        let profile = device.and_then(|device| policy.profiles.get(device.profile));
        let alike = self.simulation.would_drop.iter().position(|it| {
            (
                it.mac,
                it.initiator,
                it.protocol,
                it.port,
                it.peer,
                it.reason,
            ) == (mac, initiator, protocol, port, peer, reason)
        });
        let place = alike.unwrap_or(self.simulation.would_drop.len());
        if let Some(known) = self.simulation.would_drop.get_mut(place) {
            known.times += 1;
            known.last_seen = known.last_seen.max(time);
        } else {
            self.simulation.would_drop.push(WouldDrop {
                device: device.map(|device| device.name.clone()),
                mac,
                profile: profile.map(|profile| profile.name.clone()),
                criticality: device.and_then(|device| device.criticality),
                initiator,
                protocol,
                port,
                peer,
                peer_name: None,
                scan: false,
                reason,
                before: None,
                times: 1,
                first_seen: time,
                last_seen: time,
            });
        }
        self.told.insert(ends, place);
    }

    /// What came of it all.
    pub fn finish(mut self) -> (Simulation, Apart) {
        let directory = Directory::of(self.names.policy());
        for it in &mut self.simulation.would_drop {
            it.peer_name = directory.name(it.peer, &[]);
        }
        self.simulation.devices = self.devices.len() as u64;
        self.simulation.sort();
        (self.simulation, self.apart)
    }
}

fn mac(frame: &[u8], at: usize) -> Option<MacBytes> {
    frame.get(at..at + 6)?.try_into().ok()
}

fn word(frame: &[u8], at: usize) -> Option<u16> {
    let bytes = frame.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(bytes))
}

/// The tag there: its type, and its VLAN id.
fn tag(frame: &[u8], at: usize) -> Option<(u16, u16)> {
    let kind = word(frame, at).filter(|kind| matches!(kind, 0x8100 | 0x88a8))?;
    Some((kind, word(frame, at + 2)? & 0x0fff))
}

/// The type behind two tags at most; 0: the frame ends before it.
fn ethertype(frame: &[u8]) -> u16 {
    let tags = [12, 16]
        .into_iter()
        .take_while(|at| tag(frame, *at).is_some());
    word(frame, 12 + 4 * tags.count()).unwrap_or_default()
}

/// VLAN ids as the program reads them.
fn vlans(frame: &[u8]) -> Vlans {
    let tag = |at| tag(frame, at);
    match (tag(12), tag(16)) {
        (None, _) => Vlans::default(),
        (Some((0x88a8, outer)), None) => Vlans {
            outer,
            inner: xiot_common::addr::NO_CUSTOMER_TAG,
        },
        (Some((_, outer)), inner) => Vlans {
            outer,
            inner: inner.map_or(0, |(_, inner)| inner),
        },
    }
}

/// What a frame is about: its ends, who opens that if it is the first, protocol and port of whom it is for, and the peer.
fn ends(frame: &[u8], mac: MacBytes, side: Side) -> Option<(Ends, Opener, u8, u16, IpAddr)> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let (src, dst, protocol): (IpAddr, IpAddr, u8) = match packet.net.as_ref()? {
        NetSlice::Ipv4(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            ip.payload().ip_number.0,
        ),
        NetSlice::Ipv6(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            ip.payload().ip_number.0,
        ),
        NetSlice::Arp(_) => return None,
    };
    let (src_port, dst_port) = match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => (tcp.source_port(), tcp.destination_port()),
        Some(TransportSlice::Udp(udp)) => (udp.source_port(), udp.destination_port()),
        Some(TransportSlice::Icmpv4(icmp)) => {
            let message = u16::from_be_bytes([icmp.type_u8(), icmp.code_u8()]);
            (message, message)
        }
        Some(TransportSlice::Icmpv6(icmp)) => {
            let message = u16::from_be_bytes([icmp.type_u8(), icmp.code_u8()]);
            (message, message)
        }
        Some(TransportSlice::Igmp(_)) | None => (0, 0),
    };
    Some(match side {
        Side::Device => (
            (mac, (src, src_port), (dst, dst_port), protocol),
            Opener::Device,
            protocol,
            dst_port,
            dst,
        ),
        Side::Uplink => (
            (mac, (dst, dst_port), (src, src_port), protocol),
            Opener::Peer,
            protocol,
            dst_port,
            src,
        ),
    })
}
