//! The few system calls that aya does not offer, or offers with a fallback that is not wanted here.
//!
//! Layouts are those of `union bpf_attr` in `linux/bpf.h`; the kernel takes a shorter one than its own.

mod batch;
mod element;
mod link;
mod run;
mod stages;

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr,
};

pub(super) use self::{
    batch::read_all,
    element::take,
    link::{LinkInfo, link_create, link_detach, link_info, link_update, open_pin, pin},
    run::run,
    stages::{clear_stage, has_stage, put_stage},
};

/// Calls `bpf(2)`.
fn bpf<T>(command: libc::c_int, attr: &mut T) -> io::Result<libc::c_long> {
    // SAFETY: `attr` is one of the `repr(C)` structs of this folder, laid out as the kernel's union for
    // `command`, and its size is passed along. Pointers within it are valid for as long as the call lasts.
    let ret = unsafe { libc::syscall(libc::SYS_bpf, command, ptr::from_mut(attr), size_of::<T>()) };
    if ret < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(ret)
}

fn raw(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// Waits until no program runs that began before this call (`membarrier(2)`, `MEMBARRIER_CMD_GLOBAL`:
/// an RCU grace period). XDP programs run within an RCU read section.
///
/// # Errors
/// `InvalidInput` on kernels with tickless CPUs (`nohz_full`), which don't offer it.
pub(super) fn grace_period() -> io::Result<()> {
    const GLOBAL: libc::c_int = 1;
    // SAFETY: takes three integers, no memory.
    let ret = unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL, 0, 0) };
    if ret < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
