//! What frames that were forwarded bind (docs/judgement.md section 9.7).

use std::net::IpAddr;

use super::{
    Oracle, Side,
    address::is_nobodys,
    binding::{Binding, Segment, Title},
    frame::{Content, Frame, Mac},
    judge::Arrival,
    lease::Lease,
    owner::is_group,
    rules,
};
use crate::model::guard::{Guards, Level};

/// Seconds for which an address is bound that was used.
const USE: u64 = 3600;

impl Oracle<'_> {
    /// `was_asked`: the frame came to the guards before step 4.
    pub(super) fn learn(&mut self, arrival: Arrival, frame: &Frame, was_asked: bool) {
        let Content::Ip(packet) = &frame.content else {
            return;
        };
        if self.wire(arrival.wire).guards == Guards::all(Level::Off) {
            return;
        }
        let on = (arrival.wire, frame.vlans);
        match (arrival.side, &packet.lease) {
            (Side::Uplink, Some(lease)) => self.lease(on, frame, lease, arrival.now),
            (Side::Device, _) if was_asked => {
                self.use_address(on, packet.source, frame.source, arrival.now);
            }
            (Side::Uplink, None) | (Side::Device, _) => {}
        }
    }

    fn lease(&mut self, on: Segment, frame: &Frame, lease: &Lease, now: u64) {
        match lease {
            Lease::Acknowledged {
                client,
                address,
                seconds,
            } => {
                let is_for_client = is_group(frame.destination) || frame.destination == *client;
                let address = IpAddr::V4(*address);
                if is_for_client && !address.is_unspecified() && !is_nobodys(address) {
                    self.bind_leased(on, address, *client, (*seconds, now));
                }
            }
            Lease::Replied(_) if is_group(frame.destination) => {}
            Lease::Replied(granted) => {
                for (address, seconds) in granted {
                    let is_mapped = address.to_ipv4_mapped().is_some();
                    let address = IpAddr::V6(*address);
                    let binds = !(address.is_unspecified()
                        || is_nobodys(address)
                        || rules::is_link_local(address)
                        || is_mapped);
                    match seconds {
                        _ if !binds => {}
                        0 if self.is_there(on, frame.destination, now) => {
                            self.bindings.unbind(on, address, frame.destination);
                        }
                        _ => self.bind_leased(on, address, frame.destination, (*seconds, now)),
                    }
                }
            }
        }
    }

    fn bind_leased(&mut self, on: Segment, address: IpAddr, mac: Mac, (seconds, now): (u32, u64)) {
        if !self.is_there(on, mac, now) {
            return;
        }
        let until = now + u64::from(seconds);
        let is_endless = seconds == u32::MAX || until > u64::from(u32::MAX);
        let binding = Binding {
            mac,
            title: Title::Lease,
            until: (!is_endless).then_some(until),
        };
        self.bindings.bind(on, address, binding);
    }

    fn use_address(&mut self, on: Segment, address: IpAddr, mac: Mac, now: u64) {
        let place = self.place(Side::Device, on, now);
        let Some(device) = place.device(mac) else {
            return;
        };
        let is_leased = place
            .bound(address)
            .is_some_and(|bound| bound.mac == mac && bound.title == Title::Lease);
        if is_leased || !place.may_take(device, address) {
            return;
        }
        let until = now + USE;
        let binding = Binding {
            mac,
            title: Title::Use,
            until: Some(until),
        };
        self.bindings.bind(on, address, binding);
        self.bindings.place(on, address, mac, until);
    }

    /// Whether it is the MAC of a listed device that is there.
    fn is_there(&self, on: Segment, mac: Mac, now: u64) -> bool {
        self.place(Side::Device, on, now).device(mac).is_some()
    }
}
