//! Frames that no honest stack would send, and whether they come out of the gateway.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use etherparse::PacketBuilder;

use super::hospital::{CORE_WARD_3, CORE_WARD_3_MAC, HOST_PORT, Hospital, Host};
use crate::netns::packet::PacketSocket;

/// How long a frame is waited for that should not come.
const PATIENCE: Duration = Duration::from_millis(500);

/// A TCP SYN with a forged sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forged<'a> {
    /// Who really sends it.
    pub(super) sender: &'a Host,
    /// MAC it claims.
    pub(super) mac: [u8; 6],
    /// Address it claims.
    pub(super) address: Ipv4Addr,
    /// Whom it is for.
    pub(super) to: &'a Host,
    /// Port.
    pub(super) port: u16,
}

/// Sends the frame into ward 3; whether it arrives at the core.
pub(super) fn arrives(hospital: &Hospital, forged: &Forged<'_>) -> Result<bool> {
    let core = PacketSocket::open(&hospital.core, CORE_WARD_3)?;
    let frame = build(forged, CORE_WARD_3_MAC)?;
    PacketSocket::open(&forged.sender.namespace, HOST_PORT)?.send(&frame)?;
    let deadline = Instant::now() + PATIENCE;
    while let Some(captured) = core.receive(deadline)? {
        if captured.bytes == frame {
            return Ok(true);
        }
    }
    Ok(false)
}

fn build(forged: &Forged<'_>, router: [u8; 6]) -> Result<Vec<u8>> {
    let builder = PacketBuilder::ethernet2(forged.mac, router)
        .ipv4(forged.address.octets(), forged.to.address.octets(), 64)
        .tcp(40_000, forged.port, 1, 4096)
        .syn();
    let mut frame = Vec::with_capacity(builder.size(0));
    builder
        .write(&mut frame, &[])
        .context("could not build a frame")?;
    Ok(frame)
}
