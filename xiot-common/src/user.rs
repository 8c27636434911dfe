//! What user space adds: the promise to aya that these types are plain data.

use aya::Pod;

use crate::{
    about, binding, budget, copy, counter, event, flow_line, flow_table, fragment, guard, image,
    moves, name, observed, overrides, port, slot, trace,
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
    about::About,
    binding::Binding,
    binding::BindingKey,
    binding::Places,
    binding::PlacesKey,
    budget::Budget,
    copy::Copy,
    counter::DeviceCounter,
    counter::EventCounter,
    counter::ReasonCounter,
    counter::RuleCounter,
    event::Event,
    event::SenderBudget,
    event::SenderKey,
    flow_line::FlowLine,
    flow_line::FlowRest,
    flow_table::FlowHints,
    flow_table::FlowLevel,
    flow_table::FlowMarks,
    fragment::Datagram,
    fragment::DatagramKey,
    guard::GroupCount,
    guard::WireGuards,
    image::Line,
    moves::Moves,
    name::NameSet,
    name::NamesKey,
    observed::ObservedEntry,
    observed::ObservedKey,
    overrides::Override,
    overrides::OverrideKey,
    port::PortConfig,
    slot::Active,
    slot::SlotHeader,
    trace::Trace,
);
