//! Questions to the kernel about interfaces of the caller's network namespace. Never /sys: that shows the
//! namespace it was mounted in, which may be another one.

mod address;
mod bridge;
mod features;
mod link;
mod neighbour;

use std::{fmt::Debug, io};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkDeserializable,
    NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
};
use netlink_sys::{Socket, SocketAddr};

pub use self::link::XdpMode;
pub(super) use self::{
    address::addresses,
    bridge::{create_bridge, delete, set_master},
    features::{Features, features},
    link::{Link, find, find_index, set_promiscuous},
    neighbour::{ask_for, next_hop},
};

/// A question could not be asked or its answer not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} by netlink")]
pub struct NetlinkError {
    /// What was asked.
    pub what: &'static str,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// Sends one request and returns the messages that answer it, up to the acknowledgement.
fn request<M>(protocol: isize, message: impl Into<NetlinkPayload<M>>) -> io::Result<Vec<M>>
where
    M: NetlinkSerializable + NetlinkDeserializable + Debug,
{
    send(protocol, message, 0)
}

/// The same for everything of a kind.
fn dump<M>(protocol: isize, message: impl Into<NetlinkPayload<M>>) -> io::Result<Vec<M>>
where
    M: NetlinkSerializable + NetlinkDeserializable + Debug,
{
    send(protocol, message, NLM_F_DUMP)
}

/// Makes something, or changes what is there.
fn create<M>(protocol: isize, message: impl Into<NetlinkPayload<M>>) -> io::Result<()>
where
    M: NetlinkSerializable + NetlinkDeserializable + Debug,
{
    send(protocol, message, NLM_F_CREATE | NLM_F_REPLACE).map(drop)
}

fn send<M>(protocol: isize, message: impl Into<NetlinkPayload<M>>, flags: u16) -> io::Result<Vec<M>>
where
    M: NetlinkSerializable + NetlinkDeserializable + Debug,
{
    let mut socket = Socket::new(protocol)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;

    let mut packet = NetlinkMessage::new(NetlinkHeader::default(), message.into());
    packet.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    packet.header.sequence_number = 1;
    packet.finalize();
    let mut bytes = vec![0; packet.buffer_len()];
    packet.serialize(&mut bytes);
    socket.send(&bytes, 0)?;

    let mut answers = Vec::new();
    loop {
        let (bytes, _from) = socket.recv_from_full()?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let answer = NetlinkMessage::<M>::deserialize(rest).map_err(io::Error::other)?;
            match answer.payload {
                NetlinkPayload::InnerMessage(message) => answers.push(message),
                NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok(answers),
                NetlinkPayload::Overrun(_) => return Err(io::ErrorKind::Interrupted.into()),
                NetlinkPayload::Noop => {}
                // The crate may come to know others.
                _other => {}
            }
            // Messages are padded to four bytes.
            let length = (answer.header.length as usize).next_multiple_of(4);
            rest = rest.get(length.max(16)..).unwrap_or_default();
        }
    }
}
