//! Neighbours on segments whose MAC the router lacks: the kernel is to ask for them, as it would if it forwarded itself.

use std::{collections::HashSet, net::IpAddr};

use xiot_common::{event::Event, reason::Reason};

use super::{clock::Now, names::wire_and_side, state::Wire, view::address};
use crate::datapath::ask_for_next_hop;

/// Questions in one second: whoever scans a segment from outside has the gateway ask for no more hosts than these.
const MOST: usize = 512;

/// A host behind a segment whose next hop has no known MAC.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Wanted {
    /// The segment's interface.
    ifindex: u32,
    /// The host.
    address: IpAddr,
}

/// Limits the questions: each once in a second, and not too many.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    second: u32,
    asked: HashSet<Wanted>,
}

impl Neighbours {
    /// Whom to ask for now because of an event on these wires.
    pub(super) fn wanted(&mut self, wires: &[Wire], now: Now, event: &Event) -> Option<Wanted> {
        if event.reason != Reason::NeighbourUnknown as u8 {
            return None;
        }
        let (wire, _) = wire_and_side(event.port);
        let wanted = Wanted {
            ifindex: wires.get(usize::from(wire))?.device.as_ref()?.ifindex,
            address: address(event.dst),
        };
        self.may_ask(now.second(), wanted).then_some(wanted)
    }

    fn may_ask(&mut self, second: u32, wanted: Wanted) -> bool {
        if self.second != second {
            self.second = second;
            self.asked.clear();
        }
        self.asked.len() < MOST && self.asked.insert(wanted)
    }
}

/// Has the kernel ask. What fails is asked for again with what the sender repeats; of several failures this is the last.
pub(super) fn ask(all: &[Wanted]) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    for wanted in all {
        match ask_for_next_hop(wanted.ifindex, wanted.address) {
            Ok(true) => {}
            Ok(false) => tracing::debug!(
                address = %wanted.address,
                "the route of a host whose MAC is not known leads elsewhere by now"
            ),
            Err(error) => {
                outcome = Err(anyhow::Error::new(error).context(wanted.address.to_string()));
            }
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{MOST, Neighbours, Wanted};

    fn host(ifindex: u32, number: usize) -> Wanted {
        let number = u32::try_from(number).unwrap();
        Wanted {
            ifindex,
            address: IpAddr::V4(Ipv4Addr::from_bits(number)),
        }
    }

    #[test]
    fn each_is_asked_for_once_in_a_second() {
        let mut neighbours = Neighbours::default();
        assert!(neighbours.may_ask(1, host(5, 1)));
        assert!(!neighbours.may_ask(1, host(5, 1)));
        assert!(neighbours.may_ask(1, host(6, 1)));
        assert!(neighbours.may_ask(2, host(5, 1)));
    }

    #[test]
    fn a_scan_has_no_more_asked_than_the_limit() {
        let mut neighbours = Neighbours::default();
        let asked = (0..2 * MOST).filter(|n| neighbours.may_ask(1, host(5, *n)));
        assert_eq!(asked.count(), MOST);
        assert!(neighbours.may_ask(2, host(5, 0)));
    }
}
