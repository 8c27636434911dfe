//! Frames with sequence numbers, from several devices to a peer or back, as fast as they arrive.

use std::{
    iter,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use etherparse::PacketBuilder;
use xiot_agent::netns::packet::PacketSocket;
use xiot_tests::{
    cpu,
    net::rig::{Host, Rig},
    until::patience,
};

/// Devices of a stream.
pub(super) const DEVICES: usize = 6;
/// Those whose profile changes. Their frames come first in a batch.
pub(super) const CHANGING: std::ops::Range<usize> = 0..3;
/// Those whose profile is the same in both policies.
pub(super) const STEADY: std::ops::Range<usize> = 3..DEVICES;

/// Batches that are under way at a time.
const WINDOW: u64 = 4;
/// Pause of a receiver that looks whether it is over.
const LOOK: Duration = Duration::from_millis(50);

const MAGIC: [u8; 4] = *b"swap";
const PEER: [u8; 6] = [2, 0, 0, 0, 0x99, 1];

/// Which way frames go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    /// From the devices to the peer.
    FromDevice,
    /// From the peer to the devices.
    ToDevice,
}

/// Batches of one frame for each device. A batch has been judged as a whole once its last frame arrives, which belongs to
/// a steady device: if that is lost, the stream dries up.
pub(super) struct Stream {
    direction: Direction,
    from: PacketSocket,
    to: PacketSocket,
    /// Batches that were begun.
    begun: AtomicU64,
    /// No more batches are begun.
    done: AtomicBool,
    /// Batches that were judged, all before them included.
    judged: AtomicU64,
    /// The right to begin a batch.
    tokens: (Sender<()>, Mutex<Receiver<()>>),
    /// Batches whose frame arrived, by device.
    arrived: Mutex<Vec<Vec<u64>>>,
}

impl Stream {
    pub(super) fn new(rig: &Rig, direction: Direction) -> Self {
        let [device, uplink] = [&rig.device, &rig.uplink].map(Host::packets);
        let (from, to) = match direction {
            Direction::FromDevice => (device, uplink),
            Direction::ToDevice => (uplink, device),
        };
        let (give, take) = channel();
        for _ in 0..WINDOW {
            give.send(()).unwrap();
        }
        Self {
            direction,
            from,
            to,
            begun: AtomicU64::new(0),
            done: AtomicBool::new(false),
            judged: AtomicU64::new(0),
            tokens: (give, Mutex::new(take)),
            arrived: Mutex::new(vec![Vec::new(); DEVICES]),
        }
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// Batches of which a frame may have been sent. Those from here on have not.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    /// Batches of which every frame has been judged.
    pub(super) fn judged(&self) -> u64 {
        self.judged.load(Ordering::Acquire)
    }

    /// By device the batches whose frame arrived.
    pub(super) fn arrived(&self) -> Vec<Vec<u64>> {
        self.arrived.lock().unwrap().clone()
    }

    pub(super) fn send(&self, over: &AtomicBool) {
        // A veth has a queue for each CPU, and frames of different queues overtake each other.
        cpu::stay();
        let tokens = self.tokens.1.lock().unwrap();
        while !over.load(Ordering::Acquire) {
            let token = tokens.recv_timeout(patience());
            assert!(token.is_ok(), "a frame of a steady flow was lost");
            let batch = self.begun.fetch_add(1, Ordering::AcqRel);
            for device in 0..DEVICES {
                self.from.send(&self.frame(device, batch)).unwrap();
            }
        }
        self.done.store(true, Ordering::Release);
    }

    /// Until everything that was sent is there.
    pub(super) fn receive(&self) {
        let mut arrived = self.arrived.lock().unwrap();
        let mut silent_since = Instant::now();
        loop {
            let next = self.to.receive(Instant::now() + LOOK).unwrap();
            if self.done.load(Ordering::Acquire) && self.judged() == self.begun() {
                return;
            }
            let Some(frame) = next else {
                assert!(silent_since.elapsed() < 2 * patience(), "nothing arrives");
                continue;
            };
            if frame.outgoing {
                continue;
            }
            let Some((device, batch)) = self.read(&frame.bytes) else {
                continue;
            };
            silent_since = Instant::now();
            arrived[device].push(batch);
            if device == DEVICES - 1 {
                self.judged.store(batch + 1, Ordering::Release);
                self.tokens.0.send(()).unwrap();
            }
        }
    }

    fn frame(&self, device: usize, batch: u64) -> Vec<u8> {
        let number = u8::try_from(device).unwrap();
        let own = ([2, 0, 0, 0, 0x40, number], [10, 30, 1, 100 + number]);
        let peer = (PEER, [10, 99, 0, 1]);
        let (from, to) = match self.direction {
            Direction::FromDevice => (own, peer),
            Direction::ToDevice => (peer, own),
        };
        let payload: Vec<u8> = iter::empty()
            .chain(MAGIC)
            .chain([number])
            .chain(batch.to_be_bytes())
            .collect();
        let builder = PacketBuilder::ethernet2(from.0, to.0)
            .ipv4(from.1, to.1, 64)
            .udp(7000, 7000);
        let mut frame = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut frame, &payload).unwrap();
        frame
    }

    /// Device and batch of a frame; none for one of somebody else.
    fn read(&self, frame: &[u8]) -> Option<(usize, u64)> {
        let payload = frame.get(42..)?.strip_prefix(&MAGIC)?;
        let (&device, batch) = payload.split_first()?;
        let batch = u64::from_be_bytes(batch.get(..8)?.try_into().ok()?);
        let from_device = frame.get(6..12)? != PEER;
        let own = from_device == (self.direction == Direction::FromDevice);
        own.then_some((device.into(), batch))
    }
}
