//! XDP programs of the bench: what sends, what is compared with, and what receives.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod programs {
    use aya_ebpf::{
        bindings::{BPF_F_MMAPABLE, xdp_action},
        btf_maps::{Array, DevMap, ProgramArray},
        helpers::bpf_ktime_get_ns,
        macros::{btf_map, xdp},
        programs::XdpContext,
    };

    /// The first bytes of a frame: all that differs between frames.
    type Header = [u64; 8];

    /// What the next frame will be, and where it goes.
    #[repr(C)]
    struct Cursor {
        next: u32,
        first: u32,
        end: u32,
        /// Place in `WAY_OUT`; beyond it frames are made and dropped.
        out: u32,
        /// The MAC that frames are for, as the first bytes of a word; 0: what the header says.
        receiver: u64,
        /// Where the port is that differs from pass to pass through the headers; 0: none does.
        port_at: u32,
        /// How much it differs by now.
        pass: u32,
        /// Frames to make.
        left: u64,
        /// When the first was made and when the last was, in nanoseconds: setting up a run and ending it takes longer than most.
        started: u64,
        ended: u64,
    }

    #[btf_map]
    static CURSOR: Array<Cursor, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

    /// Sized by the loader.
    #[btf_map]
    static HEADERS: Array<Header, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

    /// Where frames leave by.
    #[btf_map]
    static WAY_OUT: DevMap<64> = DevMap::new();

    /// What judges frames that are not sent.
    #[btf_map]
    static JUDGE: ProgramArray<1> = ProgramArray::new();

    /// Makes a frame the next one, and sends it.
    #[xdp]
    fn generate(ctx: XdpContext) -> u32 {
        make(&ctx).map_or(xdp_action::XDP_ABORTED, redirect)
    }

    /// Makes a frame the next one, and has it judged.
    #[xdp(frags)]
    fn turn(ctx: XdpContext) -> u32 {
        if make(&ctx).is_some() {
            // SAFETY: nothing here is dropped; where there is no program the call does nothing.
            unsafe {
                JUDGE.tail_call(&ctx, 0);
            }
        }
        xdp_action::XDP_ABORTED
    }

    /// Judges nothing.
    #[xdp(frags)]
    fn nothing(_ctx: XdpContext) -> u32 {
        xdp_action::XDP_DROP
    }

    /// Makes a frame the next one; gives where it goes.
    #[inline(always)]
    fn make(ctx: &XdpContext) -> Option<u32> {
        // SAFETY: one CPU sends at a time.
        let cursor = unsafe { &mut *CURSOR.get_ptr_mut(0)? };
        if cursor.started == 0 {
            // SAFETY: the helper takes nothing.
            cursor.started = unsafe { bpf_ktime_get_ns() };
        }
        let header = HEADERS.get(cursor.next)?;
        let start = ctx.data();
        if start + size_of::<Header>() > ctx.data_end() {
            return None;
        }
        // SAFETY: the bytes lie within the frame (checked above), and any bit pattern is a header.
        let frame = unsafe { &mut *(start as *mut Header) };
        *frame = *header;
        if cursor.receiver != 0 {
            frame[0] = frame[0] & (0xffff << 48) | cursor.receiver;
        }
        if cursor.port_at != 0 {
            let port = start + (cursor.port_at & 63) as usize;
            if port + size_of::<u16>() > ctx.data_end() {
                return None;
            }
            let port = port as *mut [u8; 2];
            // SAFETY: these two bytes lie within the frame as well.
            unsafe {
                *port = (u16::from_be_bytes(*port).wrapping_add(cursor.pass as u16)).to_be_bytes();
            }
        }
        cursor.next += 1;
        if cursor.next >= cursor.end {
            cursor.next = cursor.first;
            cursor.pass += 1;
        }
        cursor.left -= 1;
        if cursor.left == 0 {
            // SAFETY: the helper takes nothing.
            cursor.ended = unsafe { bpf_ktime_get_ns() };
        }
        Some(cursor.out)
    }

    /// The limit of what forwards.
    #[xdp]
    fn forward(_ctx: XdpContext) -> u32 {
        redirect(0)
    }

    /// The limit of what drops.
    #[xdp]
    fn discard(_ctx: XdpContext) -> u32 {
        xdp_action::XDP_DROP
    }

    /// Frames that the generator did not send: kernels say something now and then.
    #[btf_map]
    static STRAYS: Array<u64, 1> = Array::new();

    /// Bytes of frames that are the generator's; the second number is what a bridge leaves of one with two tags, the first of which it keeps
    /// beside the frame.
    const LENGTHS: [usize; 2] = [64, 60];

    /// Where frames end.
    #[xdp]
    fn receive(ctx: XdpContext) -> u32 {
        if !LENGTHS.contains(&(ctx.data_end() - ctx.data()))
            && let Some(strays) = STRAYS.get_ptr_mut(0)
        {
            // SAFETY: the element of an array is there as long as the map is; a count that races is short by one.
            unsafe {
                *strays += 1;
            }
        }
        xdp_action::XDP_DROP
    }

    #[inline(always)]
    fn redirect(out: u32) -> u32 {
        match WAY_OUT.redirect(out, u64::from(xdp_action::XDP_DROP)) {
            Ok(action) | Err(action) => action,
        }
    }

    #[unsafe(link_section = "license")]
    #[unsafe(no_mangle)]
    static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

    #[panic_handler]
    fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
        loop {}
    }
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
