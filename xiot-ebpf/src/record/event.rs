//! Events: what was refused, or would have been. Two budgets keep a flood from drowning the agent: one per
//! sender, one per CPU. What is held back or does not fit is counted.

use aya_ebpf::{
    btf_maps::{LruHashMap, PerCpuArray, RingBuf},
    macros::btf_map,
};
use xiot_common::{
    addr::Addr,
    capacity::{DEFAULT_EVENT_RING_BYTES, EVENT_SENDERS},
    counter::EventCounter,
    event::{Event, Muted, SenderBudget, SenderKey},
    reason::Reason,
};

use super::muted;
use crate::{
    clock, config,
    packet::{Kind, Packet, mac},
    parse, scratch,
};

/// Sized by the loader. Read by the agent.
#[btf_map]
static EVENTS: RingBuf<Event, { DEFAULT_EVENT_RING_BYTES as usize }> = RingBuf::new();

/// One entry: this CPU's budget and tally.
#[btf_map]
static EVENT_COUNTERS: PerCpuArray<EventCounter, 1> = PerCpuArray::new();

/// Budgets by sender. An LRU: who is silent longest is forgotten, and starts with a full budget again.
#[btf_map]
static EVENT_BUDGETS: LruHashMap<SenderKey, SenderBudget, { EVENT_SENDERS as usize }> =
    LruHashMap::new();

/// Sends an event if the budgets allow.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_event() -> u32 {
    let (Some(scratch), Some(counter)) = (scratch::get(), EVENT_COUNTERS.get_ptr_mut(0)) else {
        return 0;
    };
    let packet = &scratch.packet;
    let verdict = scratch.verdict();
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    let counter = unsafe { &mut *counter };
    // A frame takes a token of the CPU only if its sender has one, and a sender's tally of what was held back leaves
    // with an event that is sent, never before. What repeats itself takes none: it would hide what else the sender does.
    let may_be_sent = scratch.repeated.get() == 0 && has_token(counter, packet.now);
    let budget = sender(packet, verdict.reason, may_be_sent);
    let is_spent = budget.as_ref().is_some_and(|budget| budget.tokens == 0);
    if is_spent {
        mute(packet, muted::ALL);
    } else if parse::has_flow(packet) {
        mute(packet, scratch.hash.get().tag);
    }
    if !may_be_sent || is_spent {
        counter.suppressed += 1;
        hold_back(budget);
        return 0;
    }
    counter.tokens -= 1;
    let Some(mut slot) = EVENTS.reserve(0) else {
        counter.lost += 1;
        hold_back(budget);
        return 0;
    };
    let suppressed = budget.map_or(0, |budget| {
        budget.tokens -= 1;
        core::mem::take(&mut budget.suppressed)
    });
    // The key is an earlier frame's where this one has no addresses.
    let (src, dst) = match packet.kind {
        Kind::Ipv4 | Kind::Ipv6 => (*packet.src(), *packet.dst()),
        Kind::Arp | Kind::Other => (Addr::default(), Addr::default()),
    };
    slot.write(Event {
        time: clock::nanoseconds(),
        suppressed,
        src,
        dst,
        device: verdict.device,
        rule: verdict.rule,
        length: packet.length,
        ethertype: packet.ethertype,
        src_port: packet.src_port,
        dst_port: packet.service,
        port: packet.port.index,
        vlans: packet.vlans,
        src_mac: mac(packet.src_mac),
        dst_mac: mac(packet.dst_mac),
        protocol: packet.protocol,
        reason: verdict.reason as u8,
        dropped: u8::from(verdict.dropped),
        mode: verdict.mode as u8,
        tcp_flags: packet.tcp_flags,
        reserved: [0; 7],
    });
    slot.submit(0);
    counter.sent += 1;
    0
}

/// Whether something was refused to the frame's sender in this second, as far as this CPU remembers.
#[inline(always)]
pub fn has_refusals(packet: &Packet) -> bool {
    muted::of(packet).is_some_and(|muted| muted.second == packet.now)
}

/// Who would have to be told that a frame is refused, if anybody.
#[derive(Debug)]
pub struct Silence {
    counter: *mut EventCounter,
    muted: Option<&'static mut Muted>,
}

/// What is known beforehand of the events of a frame's sender.
#[inline(always)]
pub fn silence(packet: &Packet) -> Option<Silence> {
    Some(Silence {
        counter: EVENT_COUNTERS.get_ptr_mut(0)?,
        muted: muted::of(packet),
    })
}

impl Silence {
    /// Whether no event is to be sent in this second of what is refused of the conversation with this tag; [`muted::ALL`]: of any.
    #[inline(always)]
    pub fn covers(&self, now: u32, tag: u32) -> bool {
        // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
        let counter = unsafe { &*self.counter };
        let is_spent =
            config::events_per_cpu() == 0 || (counter.filled_at == now && counter.tokens == 0);
        let muted = self.muted.as_ref();
        is_spent || muted.is_some_and(|muted| muted::covers(muted, now, tag))
    }

    /// Counts an event that is not sent.
    #[inline(always)]
    pub fn hold_back(self) {
        // SAFETY: as in `covers`.
        unsafe {
            (*self.counter).suppressed += 1;
        }
        if let Some(muted) = self.muted {
            muted.held += 1;
        }
    }
}

/// Has the entry hold back what else the sender does in this second: all of it, or what is of the conversation with this tag.
#[inline(always)]
fn mute(packet: &Packet, tag: u32) {
    let Some(before) = muted::mute(packet, tag) else {
        return;
    };
    if before.held != 0
        && let Some(budget) = EVENT_BUDGETS.get_ptr_mut(muted::key(&before))
    {
        // SAFETY: the element outlives the program run; a count more or less is harmless.
        unsafe {
            (*budget).suppressed += before.held;
        }
    }
}

/// Budgets that hosts whose MAC is not known share.
const HOSTS: u64 = 32;

/// The sender's budget, filled up; none if there is no room for one: that of the CPU still holds. Nor is one made for who could
/// send none anyway: a flood of made up senders costs a look and pushes nobody out.
#[inline(always)]
fn sender(packet: &Packet, reason: Reason, may_be_sent: bool) -> Option<&'static mut SenderBudget> {
    let key = SenderKey {
        mac: mac(if reason == Reason::NeighbourUnknown {
            // The agent has the kernel ask for these. All that comes from afar has the MAC of one router, which has
            // other refusals too.
            u64::from(packet.dst().0[3].to_be()) % HOSTS
        } else {
            packet.src_mac
        }),
        port: packet.port.index,
    };
    let limit = config::events_per_sender();
    let budget = if let Some(budget) = EVENT_BUDGETS.get_ptr_mut(key) {
        budget
    } else if !may_be_sent {
        return None;
    } else {
        let full = SenderBudget {
            filled_at: packet.now,
            tokens: limit,
            suppressed: 0,
        };
        EVENT_BUDGETS.insert(key, full, 0).ok()?;
        EVENT_BUDGETS.get_ptr_mut(key)?
    };
    // SAFETY: the element outlives the program run; a token more or less is harmless.
    let budget = unsafe { &mut *budget };
    if budget.filled_at != packet.now {
        budget.filled_at = packet.now;
        budget.tokens = limit;
    }
    Some(budget)
}

/// Notes that an event of the sender was not sent.
#[inline(always)]
fn hold_back(budget: Option<&mut SenderBudget>) {
    if let Some(budget) = budget {
        budget.suppressed += 1;
    }
}

/// Whether the CPU has a token in this second.
#[inline(always)]
fn has_token(counter: &mut EventCounter, now: u32) -> bool {
    if counter.filled_at != now {
        counter.filled_at = now;
        counter.tokens = config::events_per_cpu();
    }
    counter.tokens != 0
}
