//! Elements of program arrays, by whatever descriptor a program has.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd},
    ptr,
};

use super::{bpf, element::ElementAttr, raw};

const MAP_LOOKUP_ELEM: libc::c_int = 1;
const MAP_UPDATE_ELEM: libc::c_int = 2;
const MAP_DELETE_ELEM: libc::c_int = 3;

fn call(command: libc::c_int, map: BorrowedFd<'_>, place: u32, value: *mut u32) -> io::Result<()> {
    let mut attr = ElementAttr {
        map: raw(map),
        pad: 0,
        key: ptr::from_ref(&place).addr() as u64,
        value: value.addr() as u64,
        flags: 0,
    };
    bpf(command, &mut attr).map(drop)
}

/// Puts a program in a place of the array, in one store.
///
/// # Errors
/// `InvalidInput`: the array is not for programs of its kind.
pub(in crate::datapath) fn put_stage(
    stages: BorrowedFd<'_>,
    place: u32,
    program: BorrowedFd<'_>,
) -> io::Result<()> {
    let mut fd = program.as_fd().as_raw_fd().cast_unsigned();
    call(MAP_UPDATE_ELEM, stages, place, &raw mut fd)
}

/// Takes the program out of a place of the array, in one store; nothing where there is none.
pub(in crate::datapath) fn clear_stage(stages: BorrowedFd<'_>, place: u32) -> io::Result<()> {
    match call(MAP_DELETE_ELEM, stages, place, ptr::null_mut()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether a program is in a place of the array. In none of an array that has no such place.
pub(in crate::datapath) fn has_stage(stages: BorrowedFd<'_>, place: u32) -> io::Result<bool> {
    let mut id = 0;
    match call(MAP_LOOKUP_ELEM, stages, place, &raw mut id) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
