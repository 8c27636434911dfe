//! What a capture shows of one device: its frames, with the second in which each was sent.

use std::{env, fs::File, path::PathBuf};

use etherparse::{SlicedPacket, TransportSlice};
use xiot_agent::{oracle::Side, service::simulate::capture};
use xiot_tests::{frame::Mac, shot::Shot};

use crate::habit::{Habit, Habits};

/// Link type of Ethernet.
const ETHERNET: i32 = 1;

/// Shortest frame that the kernel runs, and longest that is on any wire.
const SHORTEST: usize = 14;
const LONGEST: usize = 9216;

/// A frame, how many seconds after the first of the capture it was sent, and what it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) second: u64,
    pub(crate) shot: Shot,
    pub(crate) habit: Habit,
}

impl Scene {
    /// Whether the device asks a DNS server, or is answered.
    pub(crate) const fn is_dns(&self) -> bool {
        matches!(
            self.habit,
            Habit::Talk {
                by_device: true,
                protocol: 17,
                port: 53,
                ..
            }
        )
    }

    /// Whether it is a TCP segment of the begin or the end of a conversation.
    pub(crate) fn is_at_an_end(&self) -> bool {
        let packet = SlicedPacket::from_ethernet(&self.shot.frame).ok();
        match packet.and_then(|packet| packet.transport) {
            Some(TransportSlice::Tcp(tcp)) => tcp.syn() || tcp.fin() || tcp.rst(),
            _ => false,
        }
    }
}

/// The frames of a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Film {
    pub(crate) scenes: Vec<Scene>,
}

impl Film {
    /// What the capture shows of this device: what it sent from its own side, what was sent to it from the uplink. What others send to groups is not its affair.
    pub(crate) fn of(file: &str, device: Mac) -> Self {
        let path = directory().join(file);
        let source =
            File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut scenes = Vec::new();
        let (mut begin, mut habits) = (None, Habits::default());
        let read = capture::read(source, |frame| {
            let Some(time) = frame.time.filter(|_| frame.link == ETHERNET) else {
                return;
            };
            let begin = *begin.get_or_insert(time);
            let second = time.as_second() - begin.as_second();
            if frame.data.len() < SHORTEST {
                return;
            }
            let side = match (frame.data[..6] == device, frame.data[6..12] == device) {
                (_, true) => Side::Device,
                (true, false) => Side::Uplink,
                (false, false) => return,
            };
            // What was cut off when it was captured is zeros.
            let mut bytes = frame.data.to_vec();
            bytes.resize(frame.length.clamp(bytes.len(), LONGEST), 0);
            let shot = Shot {
                after: 0,
                wire: 0,
                side,
                frame: bytes,
            };
            scenes.push(Scene {
                second: u64::try_from(second).unwrap_or(0),
                habit: habits.of(&shot),
                shot,
            });
        });
        read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // Some captures have been merged: what comes late is taken as it comes.
        let mut latest = 0;
        for scene in &mut scenes {
            latest = scene.second.max(latest);
            scene.second = latest;
        }
        Self { scenes }
    }

    /// The first so many hundredths of its time, and the rest.
    pub(crate) fn cut(&self, hundredths: u64) -> (&[Scene], &[Scene]) {
        let (first, last) = self.times();
        let at = first + (last - first) * hundredths / 100;
        let place = self.scenes.partition_point(|scene| scene.second <= at);
        self.scenes.split_at(place)
    }

    /// Seconds of its first and of its last frame.
    pub(crate) fn times(&self) -> (u64, u64) {
        let of = |scene: Option<&Scene>| scene.map_or(0, |scene| scene.second);
        (of(self.scenes.first()), of(self.scenes.last()))
    }
}

/// Where captures are.
pub(crate) fn directory() -> PathBuf {
    env::var_os("XIOT_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures"),
        PathBuf::from,
    )
}
