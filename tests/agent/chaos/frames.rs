//! Frames that no policy allows, all the time; and frames that tell which policy is in force. All of one length, which no other frame has.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use etherparse::PacketBuilder;
use xiot_agent::netns::packet::{Captured, PacketSocket};
use xiot_tests::{
    cpu,
    net::rig::{Host, Rig},
    until::{pace, patience},
};

use super::policy::{CHANGING, CHANGING_IP, PORTS, STEADY};

const LENGTH: usize = 333;
const DENIED: [u8; 8] = *b"denied..";
const PROBE: [u8; 8] = *b"a probe.";
/// From one denied frame to the next, either way.
const PACE: Duration = Duration::from_millis(1);

/// Where a frame comes from and goes to.
#[derive(Clone, Copy)]
struct Ends {
    macs: [[u8; 6]; 2],
    ips: [[u8; 4]; 2],
}

impl Ends {
    fn udp(self, ports: [u16; 2], mark: [u8; 8], number: u64) -> Vec<u8> {
        let builder = PacketBuilder::ethernet2(self.macs[0], self.macs[1])
            .ipv4(self.ips[0], self.ips[1], 64)
            .udp(ports[0], ports[1]);
        let mut frame = Vec::new();
        let payload = payload(builder.size(0), mark, number);
        builder.write(&mut frame, &payload).unwrap();
        frame
    }

    /// Of a session that there is none of.
    fn tcp(self, ports: [u16; 2], opens: bool) -> Vec<u8> {
        let mut builder = PacketBuilder::ethernet2(self.macs[0], self.macs[1])
            .ipv4(self.ips[0], self.ips[1], 64)
            .tcp(ports[0], ports[1], 7, 1000);
        builder = if opens { builder.syn() } else { builder.ack(9) };
        let mut frame = Vec::new();
        let payload = payload(builder.size(0), DENIED, 0);
        builder.write(&mut frame, &payload).unwrap();
        frame
    }
}

fn udp6(host: &Host, to: &Host, ports: [u16; 2]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(host.mac, to.mac)
        .ipv6(host.v6.octets(), to.v6.octets(), 64)
        .udp(ports[0], ports[1]);
    let mut frame = Vec::new();
    let payload = payload(builder.size(0), DENIED, 0);
    builder.write(&mut frame, &payload).unwrap();
    frame
}

fn payload(headers: usize, mark: [u8; 8], number: u64) -> Vec<u8> {
    let mut payload = [mark, number.to_be_bytes()].concat();
    payload.resize(LENGTH - headers, 0);
    payload
}

/// Frames that no policy allows from the device's side, and from the other.
fn denied(rig: &Rig) -> [Vec<Vec<u8>>; 2] {
    let (device, server) = (&rig.device, &rig.uplink);
    let stranger = [2, 0, 0, 0, 0x30, 0x99];
    let from = |mac, ip| Ends {
        macs: [mac, server.mac],
        ips: [ip, server.v4.octets()],
    };
    let own = from(device.mac, device.v4.octets());
    let back = Ends {
        macs: [server.mac, device.mac],
        ips: [server.v4.octets(), device.v4.octets()],
    };
    [
        vec![
            // No rule for that port, or that peer, or that protocol's beginning.
            own.udp([40_004, 9], DENIED, 0),
            Ends {
                ips: [device.v4.octets(), [10, 30, 1, 77]],
                ..own
            }
            .udp([40_004, 7], DENIED, 0),
            own.tcp([40_001, 22], true),
            own.tcp([40_001, 3613], false),
            udp6(device, server, [40_006, 9]),
            // Nobody of that name, and two under the name of another.
            from(stranger, [10, 30, 1, 99]).udp([40_004, 7], DENIED, 0),
            from(stranger, device.v4.octets()).udp([40_004, 7], DENIED, 0),
            from(device.mac, CHANGING_IP).udp([40_004, 7], DENIED, 0),
        ],
        vec![
            back.udp([9, 40_009], DENIED, 0),
            back.udp([40_161, 162], DENIED, 0),
            back.tcp([3613, 40_001], true),
            back.tcp([3613, 40_001], false),
            udp6(server, device, [7, 40_009]),
            Ends {
                macs: [server.mac, stranger],
                ips: [server.v4.octets(), [10, 30, 1, 99]],
            }
            .udp([7, 40_004], DENIED, 0),
        ],
    ]
}

/// Both ends, where what must not arrive would.
pub(super) struct Watch {
    ends: [PacketSocket; 2],
    /// Frames that no policy allows, which were sent.
    sent: AtomicU64,
    /// Number of the next frame that asks something.
    next: AtomicU64,
}

impl Watch {
    pub(super) fn new(rig: &Rig) -> Self {
        let ends = [&rig.device, &rig.uplink].map(Host::packets);
        for end in &ends {
            end.keep_length(u32::try_from(LENGTH).unwrap()).unwrap();
        }
        Self {
            ends,
            sent: AtomicU64::new(0),
            next: AtomicU64::new(0),
        }
    }

    /// Sends what no policy allows until it is over.
    pub(super) fn offend(&self, rig: &Rig, over: &AtomicBool) {
        let frames = denied(rig);
        let mut turn = 0;
        while !over.load(Ordering::Acquire) {
            let next = Instant::now() + PACE;
            for (end, frames) in self.ends.iter().zip(&frames) {
                end.send(&frames[turn % frames.len()]).unwrap();
            }
            self.sent.fetch_add(2, Ordering::AcqRel);
            turn += 1;
            pace(next);
        }
    }

    /// Which of the ports are open to the device that changes: a frame to each is sent, from a port that it always uses or one that
    /// it never used. What no policy allows must not have arrived.
    pub(super) fn open(&self, rig: &Rig, after: &str) -> [bool; PORTS.len()] {
        let server = (rig.uplink.mac, rig.uplink.v4.octets());
        let first = self.next.fetch_add(64, Ordering::AcqRel);
        let fresh = 20_000 + u16::try_from(first / 64 % 20_000).unwrap();
        let ends = |mac, ip| Ends {
            macs: [mac, server.0],
            ips: [ip, server.1],
        };
        let asking = ends(CHANGING, CHANGING_IP);
        let mut frames: Vec<_> = [9_000, fresh]
            .iter()
            .flat_map(|source| PORTS.map(|port| [*source, port]))
            .zip(first..)
            .map(|(ports, number)| asking.udp(ports, PROBE, number))
            .collect();
        let last = first + frames.len() as u64;
        let device = ends(STEADY, rig.device.v4.octets());
        frames.push(device.udp([40_001, 7], PROBE, last));
        thread::scope(|scope| {
            scope.spawn(|| {
                // A veth has a queue for each CPU, and frames of different queues overtake each other.
                cpu::stay();
                for frame in &frames {
                    self.ends[0].send(frame).unwrap();
                }
            });
        });
        let mut arrived = Vec::new();
        let deadline = Instant::now() + patience();
        while !arrived.contains(&last) {
            let frame = self.ends[1].receive(deadline).unwrap();
            let frame = frame.unwrap_or_else(|| panic!("an allowed frame was lost after {after}"));
            arrived.extend(number(&frame, after));
        }
        self.nothing_denied_arrived(after);
        let came = |n: usize| arrived.contains(&(first + n as u64));
        let mut open = [false; PORTS.len()];
        for (n, open) in open.iter_mut().enumerate() {
            *open = came(n);
            assert_eq!(
                came(n + PORTS.len()),
                *open,
                "the same to port {} from two ports, after {after}",
                PORTS[n]
            );
        }
        open
    }

    /// Of what has arrived so far.
    pub(super) fn nothing_denied_arrived(&self, after: &str) {
        for end in &self.ends {
            while let Some(frame) = end.receive(Instant::now()).unwrap() {
                number(&frame, after);
            }
        }
    }

    /// Frames that no policy allows, which were sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }
}

/// The number of a frame that arrived and asks something.
fn number(frame: &Captured, after: &str) -> Option<u64> {
    let bytes = &frame.bytes;
    if frame.outgoing {
        return None;
    }
    let at = |mark: [u8; 8]| bytes.windows(8).position(|window| window == mark);
    assert_eq!(at(DENIED), None, "arrived around {after}: {bytes:02x?}");
    let number = bytes.get(at(PROBE)? + 8..)?.first_chunk()?;
    Some(u64::from_be_bytes(*number))
}
