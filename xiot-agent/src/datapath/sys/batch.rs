//! Hash maps read in batches (`BPF_MAP_LOOKUP_BATCH`, kernel 5.6).

use std::{io, mem::MaybeUninit, os::fd::BorrowedFd, ptr};

use aya::Pod;

use super::{bpf, raw};

const MAP_LOOKUP_BATCH: libc::c_int = 24;

#[repr(C)]
struct BatchAttr {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    elem_flags: u64,
    flags: u64,
}

/// Reads many entries of a hash map with few system calls.
///
/// Unlike a walk from key to key it does not start over when an entry vanishes under it. Entries that come or
/// go meanwhile may or may not be seen.
///
/// The caller has compared the sizes of the map's keys and values with the types.
pub(in crate::datapath) fn read_all<K: Pod, V: Pod>(
    map: BorrowedFd<'_>,
    batch: usize,
) -> io::Result<Vec<(K, V)>> {
    let map = raw(map);
    let mut all = Vec::new();
    let mut room = batch.max(1);
    let mut keys = vec![MaybeUninit::<K>::uninit(); room];
    let mut values = vec![MaybeUninit::<V>::uninit(); room];
    // The kernel's cursor: for hash maps the number of the next bucket.
    let mut cursor: u32 = 0;
    let mut started = false;
    loop {
        let mut next: u32 = 0;
        let mut attr = BatchAttr {
            in_batch: if started {
                ptr::from_ref(&cursor).addr() as u64
            } else {
                0
            },
            out_batch: ptr::from_mut(&mut next).addr() as u64,
            keys: keys.as_mut_ptr().addr() as u64,
            values: values.as_mut_ptr().addr() as u64,
            count: u32::try_from(room).map_err(io::Error::other)?,
            map,
            elem_flags: 0,
            flags: 0,
        };
        let result = bpf(MAP_LOOKUP_BATCH, &mut attr);
        let last = match result {
            Ok(_) => false,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
            Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => {
                // One bucket holds more entries than there is room for.
                room *= 2;
                keys.resize(room, MaybeUninit::uninit());
                values.resize(room, MaybeUninit::uninit());
                continue;
            }
            Err(error) => return Err(error),
        };
        let count = (attr.count as usize).min(room);
        for (key, value) in keys.iter().zip(&values).take(count) {
            // SAFETY: the kernel filled the first `count` of each, and both types are `Pod`: valid for all
            // bit patterns. The map's key and value sizes were compared with the types when it was loaded.
            all.push(unsafe { (key.assume_init(), value.assume_init()) });
        }
        if last {
            return Ok(all);
        }
        cursor = next;
        started = true;
    }
}

const _: () = assert!(size_of::<BatchAttr>() == 56);
