//! Device features that stand in the way of redirected frames, by the ethtool ioctl.

use std::{ffi::c_char, io, mem, net::UdpSocket, os::fd::AsRawFd as _};

use super::{NetnsError, namespace::Namespace};

/// `ETHTOOL_STXCSUM` of linux/ethtool.h.
const SET_TX_CHECKSUM: u32 = 0x17;
/// `ETHTOOL_SGRO` of linux/ethtool.h.
const SET_GRO: u32 = 0x2c;

/// `struct ethtool_value`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// Makes the sender compute checksums itself, which also ends segmentation offload.
pub fn checksum_by_sender(namespace: &Namespace, interface: &str) -> Result<(), NetnsError> {
    switch(
        namespace,
        interface,
        SET_TX_CHECKSUM,
        false,
        "tx-checksumming",
    )
}

/// Lets a veth end receive frames that XDP redirects to its peer: veth takes them only with NAPI running,
/// that is with generic receive offload on, or with an XDP program of its own.
pub fn receive_redirected(namespace: &Namespace, interface: &str) -> Result<(), NetnsError> {
    switch(
        namespace,
        interface,
        SET_GRO,
        true,
        "generic-receive-offload",
    )
}

fn switch(
    namespace: &Namespace,
    interface: &str,
    command: u32,
    on: bool,
    feature: &'static str,
) -> Result<(), NetnsError> {
    namespace
        .run(|| set_value(interface, command, u32::from(on)))?
        .map_err(|source| NetnsError::Offload {
            interface: interface.to_owned(),
            feature,
            source,
        })
}

fn set_value(interface: &str, command: u32, data: u32) -> io::Result<()> {
    // Any socket of the namespace will do: it only tells the kernel which namespace is meant.
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let mut value = EthtoolValue { command, data };
    // SAFETY: all zeroes is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    let name = interface.as_bytes();
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name) {
        *to = from.cast_signed() as c_char;
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: the request and the value it points to outlive the call, and have the layout that
    // SIOCETHTOOL asks for with these commands.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
