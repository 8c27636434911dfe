//! One attack while it happens: what was sent, and what came out on the other side.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    time::Instant,
};

use xiot_agent::netns::{
    packet::{Captured, PacketSocket},
    process::Running,
};
use xiot_common::reason::Reason;
use xiot_tests::{
    frame::Frame,
    net::rig::Host,
    until::{is_slow, patience},
};

use crate::{
    bystander::Bystander,
    frames::{is_of_neighbours, protocol},
    ground::{Ground, Side},
};

/// A test of a frame.
type Predicate = Box<dyn Fn(&[u8]) -> bool>;

/// Frames made by hand that a slow machine gets before it must have seen to them. A veth has room for 256 on the way,
/// and drops what is sent beyond, whoever sends it.
const BURST: u64 = 64;

/// One attack while it happens.
pub(crate) struct Attempt<'g> {
    pub(crate) ground: &'g Ground<'g>,
    from: Side,
    /// On the attacker's interface.
    pub(crate) mine: PacketSocket,
    /// On the victim's.
    pub(crate) theirs: PacketSocket,
    by_hand: u64,
    by_tools: u64,
    /// Frames that must arrive.
    expected: Vec<Vec<u8>>,
    /// What frames of tools must be to arrive.
    permitted: Option<Predicate>,
    /// Frames made by hand that may arrive.
    optional: BTreeSet<Vec<u8>>,
    /// Frames that arrived.
    pub(crate) arrived: Vec<Vec<u8>>,
    /// Frames of the attacker's kernel that arrived: neighbour discovery and multicast listeners.
    pub(crate) of_neighbours: u64,
    /// Frames made by hand.
    made: BTreeSet<Vec<u8>>,
    /// How many of those must be dropped for which reason, where a deed says so.
    refused: BTreeMap<&'static str, u64>,
}

impl<'g> Attempt<'g> {
    pub(crate) fn new(ground: &'g Ground<'g>, from: Side) -> Self {
        let [mine, theirs] = match from {
            Side::Device => [&ground.rig.device, &ground.rig.uplink],
            Side::Uplink => [&ground.rig.uplink, &ground.rig.device],
        }
        .map(Host::packets);
        Self {
            ground,
            from,
            mine,
            theirs,
            by_hand: 0,
            by_tools: 0,
            expected: Vec::new(),
            permitted: None,
            optional: BTreeSet::new(),
            arrived: Vec::new(),
            of_neighbours: 0,
            made: BTreeSet::new(),
            refused: BTreeMap::new(),
        }
    }

    /// The attacker's host.
    pub(crate) fn attacker(&self) -> &'g Host {
        match self.from {
            Side::Device => &self.ground.rig.device,
            Side::Uplink => &self.ground.rig.uplink,
        }
    }

    /// The host on the other side.
    pub(crate) fn victim(&self) -> &'g Host {
        match self.from {
            Side::Device => &self.ground.rig.uplink,
            Side::Uplink => &self.ground.rig.device,
        }
    }

    /// Sends a frame that must not arrive.
    pub(crate) fn lost(&mut self, frame: impl Into<Bytes>) {
        let Bytes(bytes) = frame.into();
        self.mine
            .send(&bytes)
            .unwrap_or_else(|error| panic!("{error}: {bytes:02x?}"));
        self.by_hand += 1;
        self.made.insert(bytes);
        if is_slow() && self.by_hand.is_multiple_of(BURST) {
            self.settle();
        }
    }

    /// Sends a frame that must be dropped for this reason.
    pub(crate) fn refused(&mut self, reason: Reason, frame: impl Into<Bytes>) {
        self.lost(frame);
        *self.refused.entry(reason.name()).or_default() += 1;
    }

    /// Sends a frame that must arrive as it is.
    pub(crate) fn through(&mut self, frame: impl Into<Bytes>) {
        let bytes = frame.into();
        self.expected.push(bytes.0.clone());
        self.lost(bytes);
    }

    /// Sends a frame that may arrive as it is.
    pub(crate) fn maybe(&mut self, frame: impl Into<Bytes>) {
        let bytes = frame.into();
        self.optional.insert(bytes.0.clone());
        self.lost(bytes);
    }

    /// Has the victim send a frame that must arrive at the attacker, after all that was sent so far.
    #[track_caller]
    pub(crate) fn answered(&mut self, frame: &Frame) {
        self.settle();
        let bytes = frame.build();
        self.theirs.send(&bytes).unwrap();
        let deadline = Instant::now() + patience();
        loop {
            let Some(frame) = self.mine.receive(deadline).unwrap() else {
                panic!("the answer never came: {frame:?}");
            };
            if frame.bytes == bytes {
                return;
            }
            self.seen_by_attacker(&frame);
        }
    }

    /// Waits for a frame that comes to the attacker.
    #[track_caller]
    pub(crate) fn awaits(&mut self, what: &str, which: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let deadline = Instant::now() + patience();
        loop {
            let Some(frame) = self.mine.receive(deadline).unwrap() else {
                panic!("{what} never came");
            };
            self.seen_by_attacker(&frame);
            if !frame.outgoing && which(&frame.bytes) {
                return frame.bytes;
            }
        }
    }

    /// Waits until all that was sent so far has arrived or is lost.
    pub(crate) fn settle(&mut self) {
        for frame in self.ground.marker(self.from, &self.mine, &self.theirs) {
            self.seen_by_victim(&frame);
        }
    }

    /// What frames of tools may arrive.
    pub(crate) fn permit(&mut self, which: impl Fn(&[u8]) -> bool + 'static) {
        self.permitted = Some(Box::new(which));
    }

    /// Runs a program on the attacker's host and gives back what it said.
    #[track_caller]
    pub(crate) fn tool(&self, program: &str, arguments: &str) -> String {
        tool(self.attacker(), program, arguments)
    }

    /// Starts a program on the attacker's host that goes on until it is dropped.
    #[track_caller]
    pub(crate) fn start_tool(&self, program: &str, arguments: &str) -> Running {
        let mut command = self.attacker().namespace.command(program).unwrap();
        command
            .args(arguments.split_ascii_whitespace())
            // Some write a log where they are, and some end with their input.
            .current_dir(self.ground.rig.scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Running::start(&mut command)
            .unwrap_or_else(|error| panic!("{error} (cargo xtask setup installs it)"))
    }

    /// Whether no frame in plain IPv4 has arrived from this address so far.
    pub(crate) fn none_arrived_from(&mut self, address: [u8; 4]) -> bool {
        self.settle();
        let mut arrived = self.arrived.iter();
        !arrived.any(|frame| protocol(frame).is_some() && frame.get(26..30) == Some(&address))
    }

    /// Frames that the attacker's side has sent.
    pub(crate) fn sent(&self) -> u64 {
        self.by_hand + self.by_tools
    }

    /// The same, of those seen by now.
    pub(crate) fn sent_so_far(&mut self) -> u64 {
        self.look();
        self.sent()
    }

    /// Takes in what both sides have seen by now.
    pub(crate) fn look(&mut self) {
        let past = Instant::now();
        while let Some(frame) = self.theirs.receive(past).unwrap() {
            self.seen_by_victim(&frame);
        }
        while let Some(frame) = self.mine.receive(past).unwrap() {
            self.seen_by_attacker(&frame);
        }
    }

    fn seen_by_victim(&mut self, frame: &Captured) {
        if frame.outgoing {
            return;
        }
        let by_hand = self.made.contains(&frame.bytes);
        if !by_hand && !self.ground.quiet && is_of_neighbours(&frame.bytes) {
            self.of_neighbours += 1;
        } else if by_hand || !Bystander::is_party(&frame.bytes) {
            self.arrived.push(frame.bytes.clone());
        }
    }

    fn seen_by_attacker(&mut self, frame: &Captured) {
        let theirs = Bystander::is_party(&frame.bytes)
            || (!self.ground.quiet && is_of_neighbours(&frame.bytes));
        self.by_tools += u64::from(frame.outgoing && !theirs);
    }

    fn may_arrive(&self, frame: &[u8]) -> bool {
        if self.made.contains(frame) {
            return self.optional.contains(frame);
        }
        self.permitted.as_ref().is_some_and(|which| which(frame))
    }

    /// What was dropped for other reasons than the deed said, if it said any.
    pub(crate) fn wrong_refusals(&self, dropped: &BTreeMap<String, u64>) -> Option<String> {
        let found = dropped.iter().map(|(reason, count)| (&**reason, *count));
        let expected = self.refused.iter().map(|(reason, count)| (*reason, *count));
        (!self.refused.is_empty() && !found.eq(expected))
            .then(|| format!("dropped {dropped:?}, not {:?}", self.refused))
    }

    /// What arrived and must not have, and what did not and must have.
    pub(crate) fn wrong_arrivals(&self) -> Vec<String> {
        let mut missing = self.expected.clone();
        let mut wrong = Vec::new();
        for frame in &self.arrived {
            if let Some(at) = missing.iter().position(|expected| expected == frame) {
                missing.swap_remove(at);
            } else if !self.may_arrive(frame) {
                wrong.push(format!("arrived: {frame:02x?}"));
            }
        }
        wrong.extend(missing.iter().map(|frame| format!("lost: {frame:02x?}")));
        wrong
    }
}

/// A frame from its first MAC byte on.
pub(crate) struct Bytes(Vec<u8>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Frame> for Bytes {
    fn from(frame: Frame) -> Self {
        Self(frame.build())
    }
}

impl From<&Frame> for Bytes {
    fn from(frame: &Frame) -> Self {
        Self(frame.build())
    }
}

/// Runs a program on a host and gives back what it said.
#[track_caller]
pub(crate) fn tool(host: &Host, program: &str, arguments: &str) -> String {
    let mut command = host.namespace.command(program).unwrap();
    let output = command
        .args(arguments.split_ascii_whitespace())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error} (cargo xtask setup installs it)"));
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}
