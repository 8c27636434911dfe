//! XDP programs of the bench: what sends, what is compared with, and what receives.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod programs {
    use aya_ebpf::{
        bindings::{BPF_F_MMAPABLE, xdp_action},
        btf_maps::{Array, DevMap},
        macros::{btf_map, xdp},
        programs::XdpContext,
    };

    /// The first bytes of a frame: all that differs between frames.
    type Header = [u64; 8];

    /// Which headers are sent, in turn.
    #[repr(C)]
    struct Cursor {
        next: u32,
        first: u32,
        end: u32,
        /// 0: frames are made and dropped.
        sends: u32,
    }

    #[btf_map]
    static CURSOR: Array<Cursor, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

    /// Sized by the loader.
    #[btf_map]
    static HEADERS: Array<Header, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

    /// Where frames leave by.
    #[btf_map]
    static WAY_OUT: DevMap<1> = DevMap::new();

    /// Makes a frame the next one, and sends it.
    #[xdp]
    fn generate(ctx: XdpContext) -> u32 {
        let Some(cursor) = CURSOR.get_ptr_mut(0) else {
            return xdp_action::XDP_ABORTED;
        };
        // SAFETY: one CPU sends at a time.
        let cursor = unsafe { &mut *cursor };
        let Some(header) = HEADERS.get(cursor.next) else {
            return xdp_action::XDP_ABORTED;
        };
        cursor.next += 1;
        if cursor.next >= cursor.end {
            cursor.next = cursor.first;
        }
        let start = ctx.data();
        if start + size_of::<Header>() > ctx.data_end() {
            return xdp_action::XDP_ABORTED;
        }
        // SAFETY: the bytes lie within the frame (checked above), and any bit pattern is a header.
        unsafe {
            *(start as *mut Header) = *header;
        }
        if cursor.sends == 0 {
            return xdp_action::XDP_DROP;
        }
        redirect()
    }

    /// The limit of what forwards.
    #[xdp]
    fn forward(_ctx: XdpContext) -> u32 {
        redirect()
    }

    /// The limit of what drops, and where frames end.
    #[xdp]
    fn discard(_ctx: XdpContext) -> u32 {
        xdp_action::XDP_DROP
    }

    /// Leaves a frame to the kernel.
    #[xdp]
    fn pass(_ctx: XdpContext) -> u32 {
        xdp_action::XDP_PASS
    }

    #[inline(always)]
    fn redirect() -> u32 {
        match WAY_OUT.redirect(0, u64::from(xdp_action::XDP_DROP)) {
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
