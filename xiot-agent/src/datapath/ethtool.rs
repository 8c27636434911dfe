//! Device features by the ethtool ioctl: the netlink crates only read them.

use std::{
    ffi::c_char,
    io, mem,
    os::{fd::AsRawFd as _, unix::net::UnixDatagram},
};

/// `ETHTOOL_GSTRINGS`, `ETHTOOL_GSSET_INFO`, `ETHTOOL_GFEATURES`, `ETHTOOL_SFEATURES` of linux/ethtool.h.
const GET_STRINGS: u32 = 0x1b;
const GET_SET_INFO: u32 = 0x37;
const GET_FEATURES: u32 = 0x3a;
const SET_FEATURES: u32 = 0x3b;
/// `ETH_SS_FEATURES`: the string set that names the features.
const FEATURE_STRINGS: u32 = 4;
/// `ETH_GSTRING_LEN`.
const NAME_LENGTH: usize = 32;

/// A feature that takes VLAN tags out of frames before XDP sees them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum VlanOffload {
    /// Of 802.1Q tags: `ethtool -K ... rxvlan`.
    Customer,
    /// Of 802.1ad tags: `ethtool -K ... rx-vlan-stag-hw-parse`.
    Service,
}

impl VlanOffload {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Customer, Self::Service];

    /// Its name in the kernel, which ethtool takes as well.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Customer => "rx-vlan-hw-parse",
            Self::Service => "rx-vlan-stag-hw-parse",
        }
    }
}

/// How a feature stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Feature {
    /// It is on.
    pub(super) on: bool,
    /// It can be changed.
    pub(super) changeable: bool,
}

/// How a feature of an interface stands; none if the kernel does not know the feature.
pub(super) fn get(interface: &str, feature: VlanOffload) -> io::Result<Option<Feature>> {
    let Some(Place { bit, blocks }) = place(interface, feature.name())? else {
        return Ok(None);
    };
    let mut request = vec![0; 2 + blocks * 4];
    request[0] = GET_FEATURES;
    request[1] = u32::try_from(blocks).map_err(io::Error::other)?;
    call(interface, &mut request)?;
    // Blocks of {available, requested, active, never changed}.
    let block = &request[2 + bit / 32 * 4..];
    let mask = 1 << (bit % 32);
    Ok(Some(Feature {
        on: block[2] & mask != 0,
        changeable: block[0] & mask != 0 && block[3] & mask == 0,
    }))
}

/// Asks for a feature to be on or off. Drivers may refuse in silence: read it back.
pub(super) fn set(interface: &str, feature: VlanOffload, on: bool) -> io::Result<()> {
    let Some(Place { bit, blocks }) = place(interface, feature.name())? else {
        return Ok(());
    };
    let mut request = vec![0; 2 + blocks * 2];
    request[0] = SET_FEATURES;
    request[1] = u32::try_from(blocks).map_err(io::Error::other)?;
    let mask = 1 << (bit % 32);
    // Blocks of {valid, requested}.
    request[2 + bit / 32 * 2] = mask;
    request[3 + bit / 32 * 2] = if on { mask } else { 0 };
    call(interface, &mut request)
}

/// Where a feature stands among those of this kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Place {
    /// Its number.
    bit: usize,
    /// Blocks of 32 that all features take: to set one, the kernel wants exactly as many.
    blocks: usize,
}

fn place(interface: &str, name: &str) -> io::Result<Option<Place>> {
    // {command, reserved, mask of string sets (two words), length of the first}
    let mask = 1u64 << FEATURE_STRINGS;
    let mut request = vec![0; 5];
    request[0] = GET_SET_INFO;
    put_u64(&mut request[2..4], mask);
    call(interface, &mut request)?;
    let count = request[4] as usize;

    // {command, string set, length, names}
    let mut request = vec![0; 3 + count * NAME_LENGTH / 4];
    request[0] = GET_STRINGS;
    request[1] = FEATURE_STRINGS;
    request[2] = u32::try_from(count).map_err(io::Error::other)?;
    call(interface, &mut request)?;
    let bytes: Vec<u8> = request[3..]
        .iter()
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    let bit = bytes.chunks_exact(NAME_LENGTH).position(|chunk| {
        let length = chunk.iter().position(|byte| *byte == 0);
        &chunk[..length.unwrap_or(NAME_LENGTH)] == name.as_bytes()
    });
    Ok(bit.map(|bit| Place {
        bit,
        blocks: count.div_ceil(32),
    }))
}

fn put_u64(words: &mut [u32], value: u64) {
    for (word, bytes) in words.iter_mut().zip(value.to_ne_bytes().chunks_exact(4)) {
        *word = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
}

/// Hands `request`, which starts with its command, to the kernel; the answer is in its place.
fn call(interface: &str, request: &mut [u32]) -> io::Result<()> {
    // Any socket does: it tells which network namespace is meant.
    let socket = UnixDatagram::unbound()?;
    // SAFETY: all zeroes is a valid `ifreq`.
    let mut ifreq: libc::ifreq = unsafe { mem::zeroed() };
    let name = interface.as_bytes();
    if name.len() >= ifreq.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in ifreq.ifr_name.iter_mut().zip(name) {
        *to = from.cast_signed() as c_char;
    }
    ifreq.ifr_ifru.ifru_data = request.as_mut_ptr().cast();
    // SAFETY: `ifreq` and what it points to outlive the call. The kernel reads and writes within the lengths
    // that each request of this file states, which are those of its vector.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut ifreq) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{VlanOffload, get, place};

    #[test]
    fn features_have_numbers_on_this_kernel() {
        for feature in VlanOffload::ALL {
            assert!(place("lo", feature.name()).unwrap().is_some());
        }
        assert_eq!(place("lo", "rx-no-such-thing").unwrap(), None);
    }

    #[test]
    fn the_loopback_interface_takes_no_tags_out() {
        let feature = get("lo", VlanOffload::Customer).unwrap().unwrap();
        assert!(!feature.on);
    }

    #[test]
    fn names_that_no_interface_has_are_refused() {
        get("xiot-none", VlanOffload::Customer).unwrap_err();
        get("a name that is too long", VlanOffload::Customer).unwrap_err();
    }
}
