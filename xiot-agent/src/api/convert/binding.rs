//! Bindings.

use super::vlan;
use crate::{api::wire, service::state, unit};

pub(crate) fn binding_filter(query: wire::BindingsQuery) -> state::BindingFilter {
    state::BindingFilter {
        device: query.device,
        limit: query.limit,
    }
}

pub(crate) fn binding(binding: state::Binding) -> wire::Binding {
    wire::Binding {
        address: binding.address,
        device: binding.device,
        mac: unit::mac::format(binding.mac),
        wire: binding.wire,
        vlan: vlan(binding.vlans),
        by: binding.by.name().to_owned(),
        left_seconds: binding.left.map(|left| left.as_secs()),
    }
}
