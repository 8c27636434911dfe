//! Entries of the XDP programs: context in, action out.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod entry {
    use aya_ebpf::{macros::xdp, programs::XdpContext};

    /// Forwards one frame of a port if it is plainly one of a live flow; else goes on to the next.
    #[xdp(frags)]
    #[inline(always)]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the macro's wrapper passes it so"
    )]
    pub(crate) fn xiot(ctx: XdpContext) -> u32 {
        xiot_ebpf::fast::run(&ctx)
    }

    /// Judges one frame of a port.
    #[xdp(frags)]
    #[inline(always)]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the macro's wrapper passes it so"
    )]
    pub(crate) fn xiot_judge(ctx: XdpContext) -> u32 {
        xiot_ebpf::run(&ctx)
    }

    /// Judges one frame that is routed to a segment.
    #[xdp(frags)]
    #[inline(always)]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the macro's wrapper passes it so"
    )]
    pub(crate) fn xiot_hop(ctx: XdpContext) -> u32 {
        xiot_ebpf::run_hop(&ctx)
    }

    /// Has one frame judged by the program before as long as that one is there, then by the next.
    #[xdp(frags)]
    #[inline(always)]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the macro's wrapper passes it so"
    )]
    pub(crate) fn xiot_relay(ctx: XdpContext) -> u32 {
        xiot_ebpf::relay(&ctx)
    }

    /// Moves flows of the table before. For test runs alone: it looks at no frame.
    #[xdp(frags)]
    #[inline(always)]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the macro's wrapper passes it so"
    )]
    pub(crate) fn xiot_move(_ctx: XdpContext) -> u32 {
        xiot_ebpf::move_flows()
    }

    #[unsafe(link_section = "license")]
    #[unsafe(no_mangle)]
    static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

    #[panic_handler]
    fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
        // Never reached: the verifier refuses a program that could loop here.
        loop {}
    }
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
