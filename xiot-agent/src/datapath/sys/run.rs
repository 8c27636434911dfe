//! Test runs of programs, by whatever descriptor they have (`BPF_PROG_TEST_RUN`).

use std::{io, os::fd::BorrowedFd};

use super::{bpf, raw};

const PROG_TEST_RUN: libc::c_int = 10;

/// The shortest frame that the kernel takes: an Ethernet header.
const FRAME: [u8; 14] = [0; 14];

#[repr(C)]
struct RunAttr {
    program: u32,
    answer: u32,
    length_in: u32,
    length_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
}

const _: () = assert!(size_of::<RunAttr>() == 40);

/// Runs an XDP program so many times over an empty frame; gives what it answered last.
pub(in crate::datapath) fn run(program: BorrowedFd<'_>, times: u32) -> io::Result<u32> {
    let mut attr = RunAttr {
        program: raw(program),
        answer: 0,
        length_in: u32::try_from(FRAME.len()).map_err(io::Error::other)?,
        length_out: 0,
        data_in: FRAME.as_ptr().addr() as u64,
        data_out: 0,
        repeat: times,
        duration: 0,
    };
    bpf(PROG_TEST_RUN, &mut attr)?;
    Ok(attr.answer)
}
