//! One conversation of the observed map: what a device does, whoever its client ports were.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{MacBytes, Opener, Reason, RuleRef, Verdict, Vlans};

/// A conversation that was observed, as seen from its device.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Wire it is on.
    pub wire: String,
    /// VLANs of its frames.
    pub vlans: Vlans,
    /// Name of its device; none: not listed.
    pub device: Option<String>,
    /// MAC of its device.
    pub mac: MacBytes,
    /// Address of the device.
    pub device_address: IpAddr,
    /// Address of the other side.
    pub peer_address: IpAddr,
    /// Who opens it.
    pub initiator: Opener,
    /// It was picked up after its start, so that initiator and port are a guess.
    pub midstream: bool,
    /// IP protocol number.
    pub protocol: u8,
    /// Port of the side that does not open it; ICMP: `type << 8 | code`; 0 where there is none.
    pub port: u16,
    /// Times that it was opened.
    pub conversations: u64,
    /// Frames both ways in mode learn; in the other modes those that opened it.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// First frame.
    pub first_seen: Option<Timestamp>,
    /// Last frame that was counted.
    pub last_seen: Option<Timestamp>,
    /// What policy said of it when it was last opened.
    pub reason: Reason,
    /// What was done with it by that reason and its device's mode.
    pub verdict: Verdict,
    /// The rule that allows it.
    pub rule: Option<RuleRef>,
}

/// Which observed conversations are asked for; everything given must hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ObservedFilter {
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// Only conversations that policy denies.
    pub would_drop: bool,
    /// At most so many.
    pub limit: Option<usize>,
}

/// What a question with a limit is answered with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selected<T> {
    /// What was asked for, in order.
    pub items: Vec<T>,
    /// How many more there are beyond the limit.
    pub left_out: u64,
}

impl<T> Selected<T> {
    /// The first of these, up to the limit.
    pub fn up_to(mut items: Vec<T>, limit: Option<usize>) -> Self {
        let left_out = limit.map_or(0, |limit| items.len().saturating_sub(limit));
        items.truncate(items.len() - left_out);
        Self {
            items,
            left_out: left_out as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Selected;

    #[test]
    fn what_is_cut_off_is_counted() {
        for (limit, items, left_out) in [
            (None, vec![1, 2, 3], 0),
            (Some(0), vec![], 3),
            (Some(2), vec![1, 2], 1),
            (Some(3), vec![1, 2, 3], 0),
            (Some(usize::MAX), vec![1, 2, 3], 0),
        ] {
            let selected = Selected::up_to(vec![1, 2, 3], limit);
            assert_eq!(selected, Selected { items, left_out }, "{limit:?}");
        }
    }
}
