//! What user space adds: the promise to aya that these types are plain data.

use aya::Pod;

use crate::{
    binding, budget, counter, event, flow, flow_table, fragment, guard, image, observed, overrides,
    port, slot, trace,
};

// Each is `repr(C)`, made of integers and arrays of them, has no padding (its size check adds up the
// fields) and is valid for every bit pattern.
macro_rules! pod {
    ($($type:ty),+ $(,)?) => {
        $(
            // SAFETY: `repr(C)`, integers only, no padding, any bit pattern is valid.
            unsafe impl Pod for $type {}
        )+
    };
}

pod!(
    binding::Binding,
    binding::BindingKey,
    binding::Places,
    binding::PlacesKey,
    budget::Budget,
    counter::DeviceCounter,
    counter::EventCounter,
    counter::ReasonCounter,
    counter::RuleCounter,
    event::Event,
    event::SenderBudget,
    event::SenderKey,
    flow::FlowEntry,
    flow::FlowKey,
    flow::FlowTail,
    flow_table::FlowSet,
    flow_table::FlowLevel,
    flow_table::FlowSlot,
    fragment::Datagram,
    fragment::DatagramKey,
    guard::GroupCount,
    guard::WireGuards,
    image::Line,
    observed::ObservedEntry,
    observed::ObservedKey,
    overrides::Override,
    overrides::OverrideKey,
    port::PortConfig,
    slot::Active,
    slot::SlotHeader,
    trace::Trace,
);
