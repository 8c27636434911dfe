//! Atomic operations on map memory: the BPF target of rustc has none, the instruction set has.

/// Adds, and gives what was there before.
///
/// # Safety
/// `at` must be aligned and point into a map value.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn fetch_add(at: *mut u64, number: u64) -> u64 {
    let mut value = number;
    // SAFETY: aligned map memory by contract.
    unsafe {
        core::arch::asm!(
            "{value} = atomic_fetch_add((u64 *)({at} + 0), {value})",
            at = in(reg) at,
            value = inout(reg) value,
        );
    }
    value
}

/// Sets bits.
///
/// # Safety
/// `at` must be aligned and point into a map value.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn or(at: *mut u64, bits: u64) {
    // SAFETY: aligned map memory by contract.
    unsafe {
        core::arch::asm!(
            "lock *(u64 *)({at} + 0) |= {bits}",
            at = in(reg) at,
            bits = in(reg) bits,
        );
    }
}

/// Writes, and gives what was there before.
///
/// # Safety
/// `at` must be aligned and point into a map value.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn swap(at: *mut u64, new: u64) -> u64 {
    let mut value = new;
    // SAFETY: aligned map memory by contract.
    unsafe {
        core::arch::asm!(
            "{value} = xchg_64({at} + 0, {value})",
            at = in(reg) at,
            value = inout(reg) value,
        );
    }
    value
}

/// Writes where `old` is there; gives what was there before.
///
/// # Safety
/// `at` must be aligned and point into a map value.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn compare_swap(at: *mut u64, old: u64, new: u64) -> u64 {
    let before;
    // SAFETY: aligned map memory by contract.
    unsafe {
        core::arch::asm!(
            "r0 = cmpxchg_64({at} + 0, r0, {new})",
            at = in(reg) at,
            new = in(reg) new,
            inout("r0") old => before,
        );
    }
    before
}

/// # Safety
/// `at` must be valid for reads and writes.
#[cfg(not(target_arch = "bpf"))]
pub unsafe fn fetch_add(at: *mut u64, number: u64) -> u64 {
    // SAFETY: valid by contract.
    unsafe { swap(at, (*at).wrapping_add(number)) }
}

/// # Safety
/// `at` must be valid for reads and writes.
#[cfg(not(target_arch = "bpf"))]
pub unsafe fn swap(at: *mut u64, new: u64) -> u64 {
    // SAFETY: valid by contract.
    unsafe { at.replace(new) }
}

/// # Safety
/// `at` must be valid for reads and writes.
#[cfg(not(target_arch = "bpf"))]
pub unsafe fn compare_swap(at: *mut u64, old: u64, new: u64) -> u64 {
    // SAFETY: valid by contract.
    unsafe { if *at == old { swap(at, new) } else { *at } }
}

/// # Safety
/// `at` must be valid for reads and writes.
#[cfg(not(target_arch = "bpf"))]
pub unsafe fn or(at: *mut u64, bits: u64) {
    // SAFETY: valid by contract.
    unsafe {
        *at |= bits;
    }
}
