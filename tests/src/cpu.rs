//! Keeps a test on one CPU: budgets are kept by CPU, and the oracle judges as one.

use std::mem;

/// Ties this thread to the CPU that it is on.
///
/// # Panics
/// Where the kernel does not take that.
pub fn stay() {
    // SAFETY: no arguments, no memory.
    let cpu = unsafe { libc::sched_getcpu() };
    let cpu = usize::try_from(cpu).expect("a CPU has a number");
    // SAFETY: a set of CPUs is bits, and none set is valid.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the number is one that the kernel gave.
    unsafe {
        libc::CPU_SET(cpu, &mut set);
    }
    // SAFETY: the pointer is to a set of ours of the size given; 0 is this thread.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    assert_eq!(result, 0, "a thread may stay where it is");
}
