//! Addresses that are bound to MACs, by lease or by use (docs/judgement.md section 9.7).

use std::{collections::HashMap, net::IpAddr};

use super::{
    frame::Mac,
    view::{BindingView, Hold},
};

/// A wire by index, and VLANs on it.
pub(super) type Segment = (usize, (u16, u16));

/// What an address is bound by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Title {
    Lease,
    Use,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Binding {
    pub(super) mac: Mac,
    pub(super) title: Title,
    /// Second in which it is over; none: never.
    pub(super) until: Option<u64>,
}

/// Everything that was bound, over or not: one MAC for an address.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings {
    bound: HashMap<(Segment, IpAddr), Binding>,
    /// The addresses that a MAC took, each until a second.
    places: HashMap<(Segment, Mac), HashMap<IpAddr, u64>>,
}

impl Bindings {
    pub(super) fn live(&self, on: Segment, address: IpAddr, now: u64) -> Option<Binding> {
        let binding = self.bound.get(&(on, address))?;
        binding
            .until
            .is_none_or(|until| now < until)
            .then_some(*binding)
    }

    /// Binds it, whatever it was bound to before.
    pub(super) fn bind(&mut self, on: Segment, address: IpAddr, binding: Binding) {
        self.bound.insert((on, address), binding);
    }

    /// Ends the binding of an address, if it is this MAC's.
    pub(super) fn unbind(&mut self, on: Segment, address: IpAddr, mac: Mac) {
        let key = (on, address);
        if self.bound.get(&key).is_some_and(|bound| bound.mac == mac) {
            self.bound.remove(&key);
        }
    }

    /// Whether the MAC has a place with this address, or less than `most` with others.
    pub(super) fn have_place_for(
        &self,
        on: Segment,
        address: IpAddr,
        (mac, most): (Mac, usize),
        now: u64,
    ) -> bool {
        let Some(places) = self.places.get(&(on, mac)) else {
            return most > 0;
        };
        let taken = || places.iter().filter(|(_, until)| now < **until);
        taken().any(|(held, _)| *held == address) || taken().count() < most
    }

    pub(super) fn views(&self, now: u64) -> impl Iterator<Item = BindingView> {
        let bound = self.bound.iter().map(|((on, address), binding)| {
            let holds = match binding.title {
                Title::Lease => Hold::Lease,
                Title::Use => Hold::Use,
            };
            view(*on, *address, (binding.mac, holds), binding.until)
        });
        let places = self.places.iter().flat_map(|((on, mac), places)| {
            places
                .iter()
                .map(|(address, until)| view(*on, *address, (*mac, Hold::Place), Some(*until)))
        });
        bound
            .chain(places)
            .filter(move |view| view.until.is_none_or(|until| now < until))
    }

    /// Gives the address a place until this second.
    pub(super) fn place(&mut self, on: Segment, address: IpAddr, mac: Mac, until: u64) {
        let places = self.places.entry((on, mac)).or_default();
        places.insert(address, until);
    }
}

fn view(
    (wire, vlans): Segment,
    address: IpAddr,
    (mac, holds): (Mac, Hold),
    until: Option<u64>,
) -> BindingView {
    BindingView {
        wire,
        vlans,
        address,
        mac,
        holds,
        until,
    }
}
