//! What one frame carries from stage to stage: one element per CPU, since it would not fit the 512 bytes of stack.
//!
//! It is also what lets the slow stages be global functions: the verifier checks each of them once and alone,
//! instead of once per path that leads to it (without that the program exceeds the kernel's limit of one million
//! instructions). So they take and give numbers, and find the frame here.

use core::cell::Cell;

use aya_ebpf::{btf_maps::PerCpuArray, macros::btf_map};
use xiot_common::{
    addr::Addr,
    device::Mode,
    flow::FlowKey,
    flow_hash::FlowHash,
    flow_line::{FlowLine, FlowRest, ShortKey},
    name::NAME_WORDS,
    reason::Reason,
};

use crate::{config, fib::Lookup, packet::Packet, router::Route, verdict::Verdict};

/// A frame and what has been decided about it.
#[derive(Debug)]
#[repr(C)]
pub struct Scratch {
    /// The frame.
    pub packet: Packet,
    /// A flow in the making: too large for the stack of the stage that makes it.
    pub line: Cell<FlowLine>,
    /// The rest of it.
    pub rest: Cell<FlowRest>,
    /// The key of a frame that the entry asks about.
    pub short: Cell<ShortKey>,
    /// Where the key may be in the flow table that was looked for last.
    pub hash: Cell<FlowHash>,
    /// 1: the entry has looked for the packet's flow, by that hash, and there is none.
    pub missed: Cell<u8>,
    /// The mark, as a word, of the place that was found or chosen last: by which it is taken, or not at all.
    pub mark: Cell<u64>,
    /// Flow of the datagram that an ICMP error quotes.
    pub quoted: Cell<FlowKey>,
    /// Number of its place in the flow table.
    pub quoted_place: Cell<u32>,
    /// 1: there is a quoted datagram.
    pub has_quote: Cell<u8>,
    /// 1: the verdict was given before in this second, on a frame of the same conversation.
    pub repeated: Cell<u8>,
    /// Reason of the first guard that monitors and objects; 0: none does.
    pub objection: Cell<u8>,
    /// 1: the guard `group` does, which is about this frame alone.
    pub storm: Cell<u8>,
    /// 1: guards of the devices' side were asked about an IPv6 frame.
    pub asked_guards: Cell<u8>,
    /// Options of neighbour discovery or DHCP that are left to read.
    pub options: Cell<Options>,
    /// What is read so far of a DHCP server's message.
    pub lease: Cell<Lease>,
    /// Address that guards ask about, or that a DNS answer gives.
    pub asked: Cell<Addr>,
    /// What is read so far of a DNS answer.
    pub answer: Cell<Answer>,
    /// The name that it is about.
    pub name: [Cell<u64>; NAME_WORDS],
    /// Words of it.
    pub words: Cell<u32>,
    /// Places of the device in which the peer has a name: [`crate::name::told`].
    pub names: Cell<u32>,
    /// What they are to be asked.
    pub name_query: Cell<NameQuery>,
    /// What they said, where the device opens the conversation, and where its peer does.
    pub by_names: [Cell<ByName>; 2],
    /// Which of the two is asked: a bit each.
    pub names_asked: Cell<u8>,
    /// 1: they are to be asked.
    pub names_pending: Cell<u8>,
    /// The nearest miss so far of what they are asked.
    pub missed_by: Cell<u8>,
    /// Who opens the conversation that the verdict is about: [`crate::policy::peer::Opener`].
    pub opener: Cell<u32>,
    /// When the rule that allows the frame is in force: of the last judgement that allowed something.
    pub span: Cell<Span>,
    /// Second of the wall clock by which rules are asked whether they are in force; 0 in the slow stage: none was asked.
    pub wall: Cell<u32>,
    /// The zone's last change before that.
    pub zone_change: Cell<u32>,
    /// Which part of a datagram the frame holds, if it does not hold the whole.
    pub part: Cell<Part>,
    /// What the kernel is asked about routes, and answers.
    pub lookup: Lookup,
    /// Where the frame is routed.
    pub route: Cell<Route>,
    device: Cell<u32>,
    rule: Cell<u32>,
    slot: Cell<u32>,
    reason: Cell<u8>,
    mode: Cell<u8>,
    dropped: Cell<u8>,
    hit: Cell<u8>,
}

/// The rest of the options of a message.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Options {
    /// Offset of the next in the frame.
    pub offset: u32,
    /// Bytes of all.
    pub left: u32,
    /// 1: one before named a MAC that it may not.
    pub foreign: u32,
}

/// What a DHCP server's message says.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Lease {
    /// The client's MAC, as a word.
    pub mac: u64,
    /// For how many seconds.
    pub seconds: u32,
    /// 1: it is an acknowledgement.
    pub acknowledged: u8,
    /// 1: it says for how long.
    pub timed: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// A question to the names that an address has.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct NameQuery {
    /// Who asks: [`crate::policy::name`].
    pub who: u32,
    /// Profile of the device.
    pub profile: u32,
    /// Port of the side that is called, and of the other above it.
    pub ports: u32,
    /// What the address missed: a reason.
    pub missed: u32,
}

/// What names say.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ByName {
    /// When the rule is in force: a [`Span`] as a number.
    pub span: u64,
    /// The rule that allows it, or 0.
    pub rule: u32,
    /// The nearest miss: a reason.
    pub missed: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// What is known of a DNS answer.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Answer {
    /// Hash of the name that was asked about.
    pub name: u64,
    /// Offset of what is to be read next.
    pub offset: u32,
    /// Offset of the end of the message.
    pub end: u32,
    /// Records that are left, by the header.
    pub left: u32,
    /// 1: the device is listed.
    pub listed: u32,
}

/// Seconds of the wall clock, from one to before another.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Span {
    /// The first.
    pub since: u32,
    /// The one after the last; 0: there is no end, nor was there a begin.
    pub until: u32,
}

impl Span {
    /// Whatever the second.
    pub const ALWAYS: Self = Self { since: 0, until: 0 };

    /// As one number.
    #[inline(always)]
    pub const fn to_u64(self) -> u64 {
        self.since as u64 | (self.until as u64) << 32
    }

    /// The span of this number.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the word holds two halves")]
    pub const fn from_u64(word: u64) -> Self {
        Self {
            since: word as u32,
            until: (word >> 32) as u32,
        }
    }
}

/// What a fragment's header says.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Part {
    /// Identification, network order.
    pub id: u32,
    /// Bytes of the datagram's payload that it holds.
    pub length: u16,
    /// Where they begin, in units of 8 bytes.
    pub offset: u16,
    /// 1: more follow.
    pub more: u8,
    /// Protocol that the fragment's header names.
    pub protocol: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

#[btf_map]
static SCRATCH: PerCpuArray<Scratch, 1> = PerCpuArray::new();

#[btf_map]
static FORGOTTEN: PerCpuArray<u64, 1> = PerCpuArray::new();

/// A place that makes numbers unknown to the verifier, which takes map memory to hold whatever may be. All rounds of a
/// loop then look alike to it, so that it walks each once and not once per way to get there.
#[derive(Debug)]
pub struct Forgetful(*mut u64);

/// This CPU's place. Apart from the frame's element: it may be used while that is being filled.
#[inline(always)]
pub fn forgetful() -> Option<Forgetful> {
    FORGOTTEN.get_ptr_mut(0).map(Forgetful)
}

impl Forgetful {
    /// The same number.
    #[inline(always)]
    pub fn forget(&self, number: u32) -> u32 {
        // SAFETY: the element belongs to this CPU. Volatile, or the compiler would know better.
        unsafe {
            let place = self.0.cast::<u32>();
            place.write_volatile(number);
            place.read_volatile()
        }
    }
    /// The same of a long one.
    #[inline(always)]
    pub fn forget_long(&self, number: u64) -> u64 {
        // SAFETY: as above.
        unsafe {
            self.0.write_volatile(number);
            self.0.read_volatile()
        }
    }
}

/// This CPU's element, to be filled. For entry functions, and what they call last.
#[inline(always)]
pub fn take() -> Option<&'static mut Scratch> {
    let scratch = SCRATCH.get_ptr_mut(0)?;
    // SAFETY: the element belongs to this CPU, the program is not interrupted by itself, and the entry function
    // only reads the frame once it calls others.
    Some(unsafe { &mut *scratch })
}

/// This CPU's element, to be read.
#[inline(always)]
pub fn get() -> Option<&'static Scratch> {
    SCRATCH.get(0)
}

impl Scratch {
    /// Forgets what an earlier judgement left.
    #[inline(always)]
    pub fn forget(&self) {
        self.repeated.set(0);
        if config::guards() != 0 {
            self.objection.set(0);
            self.storm.set(0);
            self.asked_guards.set(0);
        }
    }

    /// Sets a byte of the name.
    #[inline(always)]
    pub fn set_name_byte(&self, index: u32, byte: u8) {
        const MASK: usize = NAME_WORDS * size_of::<u64>() - 1;
        let name = self.name.as_ptr().cast_mut().cast::<u8>();
        // SAFETY: within the name, by the mask, and in a cell. The element belongs to this CPU.
        unsafe {
            name.add(index as usize & MASK).write(byte);
        }
    }

    /// A word of the name.
    #[inline(always)]
    pub fn name_word(&self, word: u32) -> u64 {
        self.name[(word as usize) & (NAME_WORDS - 1)].get()
    }

    /// Keeps the verdict for the stages that write it down.
    #[inline(always)]
    pub fn set_verdict(&self, verdict: &Verdict) {
        self.reason.set(verdict.reason as u8);
        self.mode.set(verdict.mode as u8);
        self.dropped.set(u8::from(verdict.dropped));
        self.hit.set(u8::from(verdict.hit));
        self.device.set(verdict.device);
        self.rule.set(verdict.rule);
        self.slot.set(verdict.slot);
    }

    /// The verdict that was kept.
    #[inline(always)]
    pub fn verdict(&self) -> Verdict {
        Verdict {
            reason: Reason::from_u8(self.reason.get()).unwrap_or(Reason::NoPolicy),
            mode: Mode::from_u8(self.mode.get()),
            dropped: self.dropped.get() != 0,
            hit: self.hit.get() != 0,
            device: self.device.get(),
            rule: self.rule.get(),
            slot: self.slot.get(),
        }
    }
}
