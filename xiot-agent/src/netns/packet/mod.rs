//! Raw frames through `AF_PACKET`, as they are on the wire. The kernel takes the outer VLAN tag out of a
//! received frame and hands it over beside the data: it is put back here.

#[cfg(test)]
mod tests;

use std::{
    fmt, io, mem,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{NetnsError, namespace::Namespace};

/// Longest frame received: any veth MTU with two tags.
const LONGEST: usize = 1 << 16;
/// Room for frames that nobody has read yet, in bytes.
const RECEIVE_BUFFER: libc::c_int = 16 << 20;
/// Where the tag goes: after both MACs.
const TAG_OFFSET: usize = 12;
/// Type of a tag where the kernel does not name it (802.1Q).
const DEFAULT_TAG_TYPE: u16 = 0x8100;
/// Flags of `tpacket_auxdata.tp_status` in `linux/if_packet.h`.
const STATUS_VLAN_VALID: u32 = 1 << 4;
const STATUS_VLAN_TYPE_VALID: u32 = 1 << 6;

/// A frame that was on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Captured {
    /// The bytes, tags included, without FCS.
    pub bytes: Vec<u8>,
    /// The host sent it (else it received it).
    pub outgoing: bool,
}

/// A packet socket on one interface.
pub struct PacketSocket {
    fd: OwnedFd,
    interface: String,
    /// Where the kernel puts the next frame.
    buffer: Mutex<Box<[u8]>>,
}

impl fmt::Debug for PacketSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketSocket")
            .field("fd", &self.fd)
            .field("interface", &self.interface)
            .finish_non_exhaustive()
    }
}

impl PacketSocket {
    /// Opens the socket; from now on every frame of the interface, in and out, is kept for
    /// [`Self::receive`], but for those that the socket itself sends.
    pub fn open(namespace: &Namespace, interface: &str) -> Result<Self, NetnsError> {
        namespace
            .run(|| open(interface))?
            .map(|fd| Self {
                fd,
                interface: interface.to_owned(),
                buffer: Mutex::new(vec![0; LONGEST].into()),
            })
            .map_err(|(call, source)| NetnsError::Packet {
                call,
                interface: interface.to_owned(),
                source,
            })
    }

    /// From now on keeps frames of this length alone, without the outer tag: whoever looks for few among many need not keep up with all.
    pub fn keep_length(&self, length: u32) -> Result<(), NetnsError> {
        let [load, jump, give] = [
            libc::BPF_LD | libc::BPF_W | libc::BPF_LEN,
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            libc::BPF_RET | libc::BPF_K,
        ]
        .map(|code| u16::try_from(code).unwrap_or_default());
        let step = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
        let mut steps = [
            step(load, 0, 0),
            step(jump, 1, length),
            step(give, 0, u32::MAX),
            step(give, 0, 0),
        ];
        let program = libc::sock_fprog {
            len: 4,
            filter: steps.as_mut_ptr(),
        };
        set_option(&self.fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program).map_err(
            |(call, source)| NetnsError::Packet {
                call,
                interface: self.interface.clone(),
                source,
            },
        )
    }

    /// Puts a whole frame, from the destination MAC on, on the wire.
    pub fn send(&self, frame: &[u8]) -> Result<(), NetnsError> {
        // SAFETY: pointer and length describe `frame`.
        let sent =
            unsafe { libc::send(self.fd.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
        self.check("send", sent).map(|_| ())
    }

    /// The next frame; none if there is none by then.
    ///
    /// # Errors
    /// [`NetnsError::Overrun`] if the kernel found no room for a frame since the last call: what was seen is not all there was.
    pub fn receive(&self, deadline: Instant) -> Result<Option<Captured>, NetnsError> {
        loop {
            if let Some(frame) = self.try_receive()? {
                return Ok(Some(frame));
            }
            self.saw_all()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.wait(left)?;
        }
    }

    fn wait(&self, at_most: Duration) -> Result<(), NetnsError> {
        let mut poll = libc::pollfd {
            fd: self.fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let milliseconds = libc::c_int::try_from(at_most.as_millis())
            .unwrap_or(libc::c_int::MAX)
            .max(1);
        // SAFETY: one entry, as said.
        let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
        match self.check("poll", isize::try_from(ready).unwrap_or(-1)) {
            Err(NetnsError::Packet { source, .. })
                if source.kind() == io::ErrorKind::Interrupted =>
            {
                Ok(())
            }
            other => other.map(|_| ()),
        }
    }

    /// The kernel forgets what it has told.
    fn saw_all(&self) -> Result<(), NetnsError> {
        // SAFETY: two numbers, of which zero is one.
        let mut counts: libc::tpacket_stats = unsafe { mem::zeroed() };
        let mut length = socklen::<libc::tpacket_stats>();
        // SAFETY: both pointers are to live locals, and the length is that of the first.
        let got = unsafe {
            libc::getsockopt(
                self.fd.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut counts).cast(),
                &raw mut length,
            )
        };
        self.check("getsockopt", isize::try_from(got).unwrap_or(-1))?;
        match counts.tp_drops {
            0 => Ok(()),
            frames => Err(NetnsError::Overrun {
                interface: self.interface.clone(),
                frames,
            }),
        }
    }

    /// A frame that has arrived already.
    fn try_receive(&self) -> Result<Option<Captured>, NetnsError> {
        // What a thread that panicked has left in it is overwritten.
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        // Room for one control message, aligned as its header asks for.
        let mut control = [0_u64; 8];
        // SAFETY: all zeroes is a valid address and a valid message header.
        let (mut from, mut message): (libc::sockaddr_ll, libc::msghdr) =
            unsafe { (mem::zeroed(), mem::zeroed()) };
        let mut part = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        };
        message.msg_name = (&raw mut from).cast();
        message.msg_namelen = socklen::<libc::sockaddr_ll>();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = (&raw mut control).cast();
        message.msg_controllen = size_of_val(&control);
        // SAFETY: every pointer in the header is to a live local of the length given beside it.
        let length =
            unsafe { libc::recvmsg(self.fd.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT) };
        let length = match self.check("recvmsg", length) {
            Err(NetnsError::Packet { source, .. })
                if source.kind() == io::ErrorKind::WouldBlock =>
            {
                return Ok(None);
            }
            other => other?,
        };
        let mut bytes = buffer.get(..length).unwrap_or_default().to_vec();
        if let Some((tag_type, tag)) = stripped_tag(&message) {
            let [a, b] = tag_type.to_be_bytes();
            let [c, d] = tag.to_be_bytes();
            bytes.splice(TAG_OFFSET..TAG_OFFSET, [a, b, c, d]);
        }
        Ok(Some(Captured {
            bytes,
            outgoing: from.sll_pkttype == libc::PACKET_OUTGOING,
        }))
    }

    fn check(&self, call: &'static str, result: isize) -> Result<usize, NetnsError> {
        usize::try_from(result).map_err(|_negative| NetnsError::Packet {
            call,
            interface: self.interface.clone(),
            source: io::Error::last_os_error(),
        })
    }
}

/// Type and control information of the tag that the kernel took out.
fn stripped_tag(message: &libc::msghdr) -> Option<(u16, u16)> {
    // SAFETY: the header was filled by recvmsg; the macro checks the control length.
    let header = unsafe { libc::CMSG_FIRSTHDR(message).as_ref() }?;
    if header.cmsg_level != libc::SOL_PACKET || header.cmsg_type != libc::PACKET_AUXDATA {
        return None;
    }
    // SAFETY: the kernel puts a whole tpacket_auxdata into this message; it need not be aligned.
    let data: libc::tpacket_auxdata = unsafe {
        libc::CMSG_DATA(header)
            .cast::<libc::tpacket_auxdata>()
            .read_unaligned()
    };
    if data.tp_status & STATUS_VLAN_VALID == 0 {
        return None;
    }
    let tag_type = if data.tp_status & STATUS_VLAN_TYPE_VALID == 0 {
        DEFAULT_TAG_TYPE
    } else {
        data.tp_vlan_tpid
    };
    Some((tag_type, data.tp_vlan_tci))
}

/// Which call failed, and why.
type CallError = (&'static str, io::Error);

fn open(interface: &str) -> Result<OwnedFd, CallError> {
    // Protocol 0 receives nothing until bind: no frame of another interface slips in.
    // SAFETY: no pointers.
    let raw = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    check("socket", raw)?;
    // SAFETY: a descriptor that was just made and has no other owner.
    let fd = unsafe { OwnedFd::from_raw_fd(raw) };
    set_option::<libc::c_int>(&fd, libc::SOL_PACKET, libc::PACKET_AUXDATA, &1)?;
    set_option(&fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &RECEIVE_BUFFER)?;
    let name = std::ffi::CString::new(interface)
        .map_err(|_nul| ("if_nametoindex", io::ErrorKind::InvalidInput.into()))?;
    // SAFETY: a string that ends in NUL.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    let index = libc::c_int::try_from(index).unwrap_or(0);
    check("if_nametoindex", if index == 0 { -1 } else { 0 })?;
    // SAFETY: all zeroes is a valid address.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
    address.sll_ifindex = index;
    // SAFETY: pointer and length describe `address`.
    let bound = unsafe {
        libc::bind(
            raw,
            (&raw const address).cast(),
            socklen::<libc::sockaddr_ll>(),
        )
    };
    check("bind", bound)?;
    Ok(fd)
}

fn set_option<T>(
    fd: &OwnedFd,
    level: libc::c_int,
    option: libc::c_int,
    value: &T,
) -> Result<(), CallError> {
    // SAFETY: pointer and length describe `value`.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast(),
            socklen::<T>(),
        )
    };
    check("setsockopt", result)
}

fn check(call: &'static str, result: libc::c_int) -> Result<(), CallError> {
    if result < 0 {
        Err((call, io::Error::last_os_error()))
    } else {
        Ok(())
    }
}

/// Sizes of socket structures are small.
fn socklen<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or_default()
}
