//! What was on the wire at a host, byte for byte.

use std::time::Instant;

use xiot_agent::netns::packet::{Captured, PacketSocket};

use super::rig::Host;
use crate::until::patience;

/// A capture that runs since it was made; frames wait in the socket.
#[derive(Debug)]
pub struct Capture {
    socket: PacketSocket,
}

impl Capture {
    /// Starts to capture.
    pub fn start(host: &Host) -> Self {
        Self {
            socket: host.packets(),
        }
    }

    /// Everything up to and including the frame that is the last one. Panics when it does not come.
    #[track_caller]
    pub fn up_to(&self, what: &str, is_last: impl Fn(&Captured) -> bool) -> Vec<Captured> {
        let deadline = Instant::now() + patience();
        let mut frames = Vec::new();
        loop {
            let Some(frame) = self.receive(deadline) else {
                panic!("{what} never came; {} other frames did", frames.len());
            };
            let last = is_last(&frame);
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    /// Everything that has arrived already.
    pub fn so_far(&self) -> Vec<Captured> {
        let past = Instant::now();
        std::iter::from_fn(|| self.receive(past)).collect()
    }

    fn receive(&self, deadline: Instant) -> Option<Captured> {
        self.socket
            .receive(deadline)
            .unwrap_or_else(|error| panic!("{error:?}"))
    }
}

/// The bytes of the frames that came in, of those that match.
pub fn arrived(frames: &[Captured], matches: impl Fn(&[u8]) -> bool) -> Vec<&[u8]> {
    select(frames, false, matches)
}

/// The bytes of the frames that went out, of those that match.
pub fn sent(frames: &[Captured], matches: impl Fn(&[u8]) -> bool) -> Vec<&[u8]> {
    select(frames, true, matches)
}

fn select(frames: &[Captured], outgoing: bool, matches: impl Fn(&[u8]) -> bool) -> Vec<&[u8]> {
    frames
        .iter()
        .filter(|frame| frame.outgoing == outgoing && matches(&frame.bytes))
        .map(|frame| frame.bytes.as_slice())
        .collect()
}
