//! Elements of hash maps, taken out (`BPF_MAP_LOOKUP_AND_DELETE_ELEM`, for hash maps since kernel 5.14).

use std::{io, mem::MaybeUninit, os::fd::BorrowedFd, ptr};

use aya::Pod;

use super::{bpf, raw};

const MAP_LOOKUP_AND_DELETE_ELEM: libc::c_int = 21;

/// What the kernel's calls about one element of a map take (in `union bpf_attr`).
#[repr(C)]
pub(super) struct ElementAttr {
    pub(super) map: u32,
    pub(super) pad: u32,
    pub(super) key: u64,
    pub(super) value: u64,
    pub(super) flags: u64,
}

const _: () = assert!(size_of::<ElementAttr>() == 32);

/// Removes the entry of a hash map and gives back what it was at that instant; none if there is none.
///
/// The caller has compared the sizes of the map's keys and values with the types.
pub(in crate::datapath) fn take<K: Pod, V: Pod>(
    map: BorrowedFd<'_>,
    key: &K,
) -> io::Result<Option<V>> {
    let mut value = MaybeUninit::<V>::uninit();
    let mut attr = ElementAttr {
        map: raw(map),
        pad: 0,
        key: ptr::from_ref(key).addr() as u64,
        value: value.as_mut_ptr().addr() as u64,
        flags: 0,
    };
    match bpf(MAP_LOOKUP_AND_DELETE_ELEM, &mut attr) {
        // SAFETY: the kernel filled it, and the type is `Pod`: valid for all bit patterns.
        Ok(_) => Ok(Some(unsafe { value.assume_init() })),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}
