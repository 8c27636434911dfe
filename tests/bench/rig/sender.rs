//! Traffic of one site: which frames, in which order, and where each line's next one stands.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use xiot_agent::netns::namespace::Namespace;

use super::{
    frames::{Header, udp},
    programs::{Cursor, Generator, NOWHERE},
    site::{Flow, Site},
};

/// Frames of one kind.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Traffic {
    /// From devices, in so many conversations that the policy allows.
    Flows(u32),
    /// The answers.
    Replies(u32),
    /// From devices, each the first of a conversation that the policy allows.
    Fresh,
    /// From one device, each the first of a conversation that the policy does not allow.
    Denied,
    /// The same from devices that are not listed.
    Unknown,
}

/// Different frames of those that are not of a conversation. Their ports differ from pass to pass.
const STRANGE: u32 = 1 << 16;

/// Makes frames for lines of one site.
pub(crate) struct Sender {
    generator: Generator,
    site: Site,
    flows: u32,
    fresh: u32,
    cursors: BTreeMap<(Option<u32>, Traffic), Cursor>,
}

impl Sender {
    /// Can send in so many conversations.
    pub(crate) fn new(site: &Site, flows: u32) -> Self {
        let fresh = site.first_flows().min(STRANGE);
        let headers: Vec<Header> = [
            of(site, flows, Site::flow, false),
            of(site, flows, Site::flow, true),
            of(site, fresh, Site::flow, false),
            of(site, STRANGE, Site::denied, false),
            of(site, STRANGE, Site::unknown, false),
        ]
        .concat();
        Self {
            generator: Generator::load(&headers),
            site: *site,
            flows,
            fresh,
            cursors: BTreeMap::new(),
        }
    }

    /// Can send by this interface too, under the number that it gives.
    pub(crate) fn add_way(&mut self, namespace: &Namespace, interface: &str) -> u32 {
        self.generator.add_way(namespace, interface)
    }

    /// Sends the next frames of this traffic, or only makes them, and gives the time that it took.
    pub(crate) fn send(
        &mut self,
        traffic: Traffic,
        way: Option<u32>,
        receiver: Option<[u8; 6]>,
        frames: u32,
    ) -> Duration {
        let range = self.range(traffic);
        let varies = match traffic {
            Traffic::Flows(_) | Traffic::Replies(_) => false,
            Traffic::Fresh | Traffic::Denied | Traffic::Unknown => true,
        };
        let port_at = if varies {
            self.site.family.port_at()
        } else {
            0
        };
        // Conversations that are opened later than any of `Flows` are none of them.
        let pass = match traffic {
            Traffic::Fresh => self.flows.div_ceil(self.site.first_flows()),
            Traffic::Flows(_) | Traffic::Replies(_) | Traffic::Denied | Traffic::Unknown => 0,
        };
        let start = Cursor {
            next: range.start,
            first: range.start,
            end: range.end,
            out: way.unwrap_or(NOWHERE),
            receiver: receiver.map_or(0, |[a, b, c, d, e, f]| {
                u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
            }),
            port_at,
            pass,
            ..Cursor::default()
        };
        let cursor = *self.cursors.entry((way, traffic)).or_insert(start);
        let (took, cursor) = self.generator.run(cursor, frames);
        self.cursors.insert((way, traffic), cursor);
        took
    }

    fn range(&self, traffic: Traffic) -> Range<u32> {
        let fresh = 2 * self.flows;
        let denied = fresh + self.fresh;
        let (start, length) = match traffic {
            Traffic::Flows(flows) => (0, flows),
            Traffic::Replies(flows) => (self.flows, flows),
            Traffic::Fresh => (fresh, self.fresh),
            Traffic::Denied => (denied, STRANGE),
            Traffic::Unknown => (denied + STRANGE, STRANGE),
        };
        start..start + length
    }
}

fn of(site: &Site, count: u32, flow: fn(&Site, u32) -> Flow, reply: bool) -> Vec<Header> {
    (0..count)
        .map(|number| udp(site.family, &flow(site, number), reply))
        .collect()
}
