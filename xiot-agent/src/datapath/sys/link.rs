//! XDP links and pins.
//!
//! aya's XDP attach turns to netlink when links are refused, and a netlink attachment can be neither pinned nor
//! told from that of a stranger.

use std::{
    ffi::CString,
    fs, io,
    os::{
        fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
    ptr,
};

use super::{bpf, raw};

const OBJ_PIN: libc::c_int = 6;
const OBJ_GET: libc::c_int = 7;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const LINK_CREATE: libc::c_int = 28;
const LINK_UPDATE: libc::c_int = 29;
const LINK_DETACH: libc::c_int = 34;

/// `BPF_XDP` of `enum bpf_attach_type`.
const ATTACH_XDP: u32 = 37;
/// `BPF_LINK_TYPE_XDP` of `enum bpf_link_type`.
const LINK_TYPE_XDP: u32 = 6;

/// Calls `bpf(2)` with a command that answers with a new file descriptor.
fn bpf_fd<T>(command: libc::c_int, attr: &mut T) -> io::Result<OwnedFd> {
    let fd = RawFd::try_from(bpf(command, attr)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from)
}

#[repr(C)]
struct ObjectAttr {
    path: u64,
    fd: u32,
    flags: u32,
}

/// Pins an object (map, program or link) at `path`, which must not exist.
pub(in crate::datapath) fn pin(fd: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    let mut attr = ObjectAttr {
        path: path.as_ptr().addr() as u64,
        fd: raw(fd),
        flags: 0,
    };
    bpf(OBJ_PIN, &mut attr).map(drop)
}

/// Opens the object that is pinned at `path`.
pub(in crate::datapath) fn open_pin(path: &Path) -> io::Result<OwnedFd> {
    let path = c_path(path)?;
    let mut attr = ObjectAttr {
        path: path.as_ptr().addr() as u64,
        fd: 0,
        flags: 0,
    };
    bpf_fd(OBJ_GET, &mut attr)
}

#[repr(C)]
struct LinkCreateAttr {
    program: u32,
    ifindex: u32,
    attach_type: u32,
    flags: u32,
}

/// Attaches an XDP program to an interface of this network namespace. `flags` are `XDP_FLAGS_*`.
pub(in crate::datapath) fn link_create(
    program: BorrowedFd<'_>,
    ifindex: u32,
    flags: u32,
) -> io::Result<OwnedFd> {
    bpf_fd(
        LINK_CREATE,
        &mut LinkCreateAttr {
            program: raw(program),
            ifindex,
            attach_type: ATTACH_XDP,
            flags,
        },
    )
}

#[repr(C)]
struct LinkUpdateAttr {
    link: u32,
    program: u32,
    flags: u32,
    old_program: u32,
}

/// Puts another program in the place of the one that the link runs: no frame passes without either.
pub(in crate::datapath) fn link_update(
    link: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
) -> io::Result<()> {
    let mut attr = LinkUpdateAttr {
        link: raw(link),
        program: raw(program),
        flags: 0,
        old_program: 0,
    };
    bpf(LINK_UPDATE, &mut attr).map(drop)
}

/// Detaches the link at once, whoever else still holds or pins it.
pub(in crate::datapath) fn link_detach(link: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr: u32 = raw(link);
    bpf(LINK_DETACH, &mut attr).map(drop)
}

/// What the kernel says of an XDP link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::datapath) struct LinkInfo {
    /// Id of the program that it runs.
    pub(in crate::datapath) program: u32,
    /// Interface index in the interface's own network namespace; 0: the interface is gone, or the link detached.
    pub(in crate::datapath) ifindex: u32,
}

#[repr(C)]
struct InfoAttr {
    fd: u32,
    length: u32,
    info: u64,
}

/// Head of `struct bpf_link_info`.
#[repr(C)]
#[derive(Default)]
struct RawLinkInfo {
    kind: u32,
    id: u32,
    program: u32,
    pad: u32,
    ifindex: u32,
    pad2: u32,
}

/// What an XDP link is attached to.
///
/// # Errors
/// `InvalidInput` for an object that is not an XDP link.
pub(in crate::datapath) fn link_info(link: BorrowedFd<'_>) -> io::Result<LinkInfo> {
    // The kernel answers for maps and programs too, with another struct.
    let object = fs::read_link(format!("/proc/self/fd/{}", link.as_raw_fd()))?;
    // `bpf_link` from the call that made it, `bpf-link` from a pin.
    let object = object.to_string_lossy();
    if !object.contains("bpf_link") && !object.contains("bpf-link") {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut info = RawLinkInfo::default();
    let mut attr = InfoAttr {
        fd: raw(link),
        length: u32::try_from(size_of::<RawLinkInfo>()).map_err(io::Error::other)?,
        info: ptr::from_mut(&mut info).addr() as u64,
    };
    bpf(OBJ_GET_INFO_BY_FD, &mut attr)?;
    if info.kind != LINK_TYPE_XDP {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(LinkInfo {
        program: info.program,
        ifindex: info.ifindex,
    })
}

const _: () = assert!(size_of::<RawLinkInfo>() == 24);
