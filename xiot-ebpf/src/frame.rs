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

// SAFETY: integers.
unsafe impl Wire for u8 {}
// SAFETY: likewise.
unsafe impl Wire for u16 {}
// SAFETY: likewise.
unsafe impl Wire for u32 {}
// SAFETY: likewise.
unsafe impl Wire for u64 {}

/// `N` bytes of a frame that are known to be there: read without another check.
#[derive(Clone, Copy, Debug)]
pub struct Window<const N: usize> {
    at: usize,
}

impl<const N: usize> Window<N> {
    /// The `T` that starts `OFFSET` bytes into it.
    #[inline(always)]
    pub fn read<T: Wire, const OFFSET: usize>(&self) -> T {
        const {
            assert!(OFFSET + size_of::<T>() <= N, "beyond the window");
        }
        // SAFETY: the bytes lie within the window, and any bit pattern is a `T`.
        unsafe { load((self.at + OFFSET) as *const T) }
    }
}

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

    /// The `N` bytes that start `offset` bytes into the frame, if they are there.
    #[inline(always)]
    pub fn window<const N: usize>(&self, offset: usize) -> Option<Window<N>> {
        let at = opaque(self.start + (offset & OFFSET_MASK));
        (at + N <= self.end).then_some(Window { at })
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

    /// Makes an IP frame without tags the next hop's: its MACs, and one hop less. False: it is too short to be one.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "MACs are 48 bits, their first four bytes the low ones"
    )]
    pub fn route(&self, dst_mac: u64, src_mac: u64, v4: bool) -> bool {
        let at = opaque(self.start);
        if at + size_of::<Routed>() > self.end {
            return false;
        }
        // SAFETY: the bytes lie within the frame (checked above), nothing else refers to them, and any bit pattern is one.
        let header = unsafe { &mut *(at as *mut Routed) };
        header.dst_low = dst_mac as u32;
        header.dst_high = (dst_mac >> 32) as u16;
        header.src_low = src_mac as u32;
        header.src_high = (src_mac >> 32) as u16;
        if v4 {
            header.ip[TTL_WORD] = one_less(header.ip[TTL_WORD], 0);
            header.ip[CHECKSUM_WORD] = checksum_of_one_less(header.ip[CHECKSUM_WORD]);
        } else {
            header.ip[HOP_LIMIT_WORD] = one_less(header.ip[HOP_LIMIT_WORD], 1);
        }
        true
    }
}

/// What routing looks at and changes: MACs, and the first bytes of the IP header.
#[repr(C, packed(2))]
struct Routed {
    dst_low: u32,
    dst_high: u16,
    src_low: u32,
    src_high: u16,
    ethertype: u16,
    ip: [u16; 6],
}

/// IPv4: the word of TTL and protocol.
const TTL_WORD: usize = 4;
/// IPv4: the header's checksum.
const CHECKSUM_WORD: usize = 5;
/// IPv6: the word of next header and hop limit.
const HOP_LIMIT_WORD: usize = 3;

/// The word with one less in this byte of it.
#[inline(always)]
const fn one_less(word: u16, byte: usize) -> u16 {
    let mut bytes = word.to_ne_bytes();
    bytes[byte] = bytes[byte].wrapping_sub(1);
    u16::from_ne_bytes(bytes)
}

/// The checksum of an IPv4 header, network order, whose TTL is one less (RFC 1624, equation 3).
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the carry is folded in")]
const fn checksum_of_one_less(checksum: u16) -> u16 {
    // HC' = ~(~HC + ~m + m'), where m' - m is -0x0100: in ones' complement, ~0x0100.
    let sum = (!u16::from_be(checksum)) as u32 + 0xfeff;
    let folded = (sum & 0xffff) + (sum >> 16);
    (!(folded as u16)).to_be()
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
pub(crate) fn opaque(mut at: usize) -> usize {
    // SAFETY: a register moved to itself; only hides where the value came from.
    unsafe {
        core::arch::asm!("{0} = {0}", inout(reg) at, options(pure, nomem, nostack, preserves_flags))
    };
    at
}

#[cfg(not(target_arch = "bpf"))]
#[inline(always)]
pub(crate) const fn opaque(at: usize) -> usize {
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

#[cfg(test)]
mod tests {
    use super::{checksum_of_one_less, one_less};

    #[test]
    fn the_checksum_follows_the_ttl() {
        for checksum in 0..=u16::MAX {
            // What Linux does (`ip_decrease_ttl`).
            let sum = u32::from(checksum) + 0x0100;
            let expected = (sum + u32::from(sum >= 0xffff)) & 0xffff;
            let found = u16::from_be(checksum_of_one_less(checksum.to_be()));
            assert_eq!(u32::from(found), expected, "{checksum:#06x}");
        }
    }

    #[test]
    fn one_byte_of_a_word_gets_less() {
        let word = u16::from_ne_bytes([64, 6]);
        assert_eq!(one_less(word, 0).to_ne_bytes(), [63, 6]);
        assert_eq!(one_less(word, 1).to_ne_bytes(), [64, 5]);
    }
}
