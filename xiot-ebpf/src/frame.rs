//! The only file that touches packet memory.

use aya_ebpf::{bindings::xdp_md, helpers::generated::bpf_xdp_get_buff_len};

/// The bytes of a frame, from the first MAC byte on.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    ctx: *mut xdp_md,
    start: usize,
    end: usize,
}

/// Largest offset a header may start at: two tags and eight IPv6 extension headers stay well below. The mask
/// gives the verifier the bound it needs for a variable packet offset.
const OFFSET_MASK: usize = 0x7fff;

/// Marks types that may be read from packet memory.
///
/// # Safety
/// Every bit pattern must be valid.
pub unsafe trait Wire: Copy {}

impl Frame {
    /// The frame of a program context.
    ///
    /// # Safety
    /// `ctx` must be the context that the kernel gave.
    #[inline(always)]
    pub unsafe fn of(ctx: *mut xdp_md) -> Self {
        // SAFETY: the context is readable by contract.
        let (start, end) = unsafe { ((*ctx).data as usize, (*ctx).data_end as usize) };
        Self { ctx, start, end }
    }

    /// The context it came from, for functions that are given that instead.
    #[inline(always)]
    pub const fn ctx(&self) -> *mut xdp_md {
        self.ctx
    }

    /// Bytes in the frame's first buffer. Headers are read from there alone.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "frames are shorter than 4 GiB"
    )]
    pub const fn length(&self) -> u32 {
        (self.end - self.start) as u32
    }

    /// Bytes in the whole frame. Only jumbo frames have more than one buffer: ask where the first falls short.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "frames are shorter than 4 GiB"
    )]
    pub fn whole_length(&self) -> u32 {
        // SAFETY: the context is the kernel's.
        unsafe { bpf_xdp_get_buff_len(self.ctx) as u32 }
    }

    /// The `T` that starts `offset` bytes into the frame, if it is whole.
    #[inline(always)]
    pub fn read<T: Wire>(&self, offset: usize) -> Option<T> {
        let at = opaque(self.start + (offset & OFFSET_MASK));
        if at + size_of::<T>() > self.end {
            return None;
        }
        // SAFETY: the bytes lie within the frame (checked above) and any bit pattern is a `T`.
        Some(unsafe { load(at as *const T) })
    }
}

/// Verifier (6.1 to 6.18, LLVM 22): the pointer that is compared with the end must be the one that is read
/// through. Left alone, LLVM recomputes it from the offset and the bounds check is lost on the copy. The move is
/// there because an empty statement gets line information of its own, which the kernel refuses as a duplicate.
#[cfg(target_arch = "bpf")]
#[inline(always)]
#[expect(
    clippy::semicolon_inside_block,
    reason = "statements decide on line information, which the kernel is particular about"
)]
fn opaque(mut at: usize) -> usize {
    // SAFETY: a register moved to itself; only hides where the value came from.
    unsafe {
        core::arch::asm!("{0} = {0}", inout(reg) at, options(pure, nomem, nostack, preserves_flags))
    };
    at
}

#[cfg(not(target_arch = "bpf"))]
#[inline(always)]
const fn opaque(at: usize) -> usize {
    at
}

/// # Safety
/// `at` must be readable for the size of `T`.
#[cfg(target_arch = "bpf")]
#[inline(always)]
unsafe fn load<T: Wire>(at: *const T) -> T {
    // SAFETY: readable by contract. Packet memory is not aligned for `T`; every machine the JIT supports here
    // loads unaligned words, and an unaligned read would be split into bytes.
    unsafe { core::ptr::read(at) }
}

/// # Safety
/// `at` must be readable for the size of `T`.
#[cfg(not(target_arch = "bpf"))]
#[inline(always)]
unsafe fn load<T: Wire>(at: *const T) -> T {
    // SAFETY: readable by contract.
    unsafe { core::ptr::read_unaligned(at) }
}
