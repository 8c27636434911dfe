//! Keeps a test on one CPU: budgets are kept by CPU, and the oracle judges as one.

use std::{mem, ops::Range};

/// Ties this thread to the CPU that it is on.
///
/// # Panics
/// Where the kernel does not take that.
pub fn stay() {
    // SAFETY: no arguments, no memory.
    let cpu = unsafe { libc::sched_getcpu() };
    go(usize::try_from(cpu).expect("a CPU has a number"));
}

/// Ties this thread to a CPU.
///
/// # Panics
/// Where the kernel does not take that.
pub fn go(cpu: usize) {
    allow(cpu..cpu + 1);
}

/// Lets this thread, and what it starts, run on every CPU.
///
/// # Panics
/// Where the kernel does not take that.
pub fn roam() {
    // The kernel leaves out those that it has not.
    allow(0..usize::try_from(libc::CPU_SETSIZE).expect("a size"));
}

fn allow(cpus: Range<usize>) {
    // SAFETY: a set of CPUs is bits, and none set is valid.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    for cpu in cpus {
        // SAFETY: the macro's function checks the number against the size of the set.
        unsafe {
            libc::CPU_SET(cpu, &mut set);
        }
    }
    // SAFETY: the pointer is to a set of ours of the size given; 0 is this thread.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    assert_eq!(result, 0, "a thread may run there");
}
