//! Traffic of one site: which frames, in which order, and where each line's next one stands.
//!
//! Conversations are opened by number and come up later in another order, fixed and without a pattern: to a table whose entries lie in
//! the order of opening, the same order again would be kind.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use xiot_agent::netns::namespace::Namespace;

use super::{
    frames::{Header, udp},
    programs::{Cursor, Generator, NOWHERE},
    site::{Flow, Site, scattered},
};

/// Frames of one kind.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Traffic {
    /// From devices, in the first so many conversations that the policy allows, by number.
    Opening(u32),
    /// The answers, in the same order.
    Answers(u32),
    /// From devices, in the same conversations, scattered.
    Flows(u32),
    /// The answers, scattered alike.
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
    /// The most conversations.
    flows: u32,
    /// Where headers are, but for those that are in the order of their numbers.
    blocks: BTreeMap<Traffic, Range<u32>>,
    cursors: BTreeMap<(Option<u32>, Traffic), Cursor>,
}

impl Sender {
    /// Can send in so many conversations, for each of these numbers.
    pub(crate) fn new(site: &Site, numbers: &[u32]) -> Self {
        let flows = numbers.iter().copied().max().unwrap_or_default();
        let fresh = site.first_flows().min(STRANGE);
        let mut headers = of(site, flows, Site::flow, false);
        headers.extend(of(site, flows, Site::flow, true));
        let mut blocks = BTreeMap::new();
        let mut add = |traffic: Traffic, block: &mut dyn Iterator<Item = Header>| {
            let start = length(&headers);
            headers.extend(block);
            blocks.insert(traffic, start..length(&headers));
        };
        let mut strange = |traffic, count, flow: fn(&Site, u32) -> Flow| {
            add(traffic, &mut of(site, count, flow, false).into_iter());
        };
        strange(Traffic::Fresh, fresh, Site::flow);
        strange(Traffic::Denied, STRANGE, Site::denied);
        strange(Traffic::Unknown, STRANGE, Site::unknown);
        for number in numbers {
            for (traffic, reply) in [
                (Traffic::Flows(*number), false),
                (Traffic::Replies(*number), true),
            ] {
                let order = scattered(*number).into_iter();
                let header = |number| udp(site.family, &site.flow(number), reply);
                add(traffic, &mut order.map(header));
            }
        }
        Self {
            generator: Generator::load(&headers),
            site: *site,
            flows,
            blocks,
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
            Traffic::Fresh | Traffic::Denied | Traffic::Unknown => true,
            Traffic::Opening(_) | Traffic::Answers(_) | Traffic::Flows(_) | Traffic::Replies(_) => {
                false
            }
        };
        let port_at = if varies {
            self.site.family.port_at()
        } else {
            0
        };
        // Conversations that are opened later than any of `Flows` are none of them.
        let pass = if traffic == Traffic::Fresh {
            self.flows.div_ceil(self.site.first_flows())
        } else {
            0
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

    /// The most conversations that it can send in.
    pub(crate) const fn flows(&self) -> u32 {
        self.flows
    }

    /// Begins this traffic anew.
    pub(crate) fn rewind(&mut self, traffic: Traffic, way: Option<u32>) {
        self.cursors.remove(&(way, traffic));
    }

    fn range(&self, traffic: Traffic) -> Range<u32> {
        match traffic {
            Traffic::Opening(flows) => 0..flows,
            Traffic::Answers(flows) => self.flows..self.flows + flows,
            Traffic::Flows(_)
            | Traffic::Replies(_)
            | Traffic::Fresh
            | Traffic::Denied
            | Traffic::Unknown => self.blocks[&traffic].clone(),
        }
    }
}

fn length(headers: &[Header]) -> u32 {
    u32::try_from(headers.len()).expect("few enough")
}

fn of(site: &Site, count: u32, flow: fn(&Site, u32) -> Flow, reply: bool) -> Vec<Header> {
    (0..count)
        .map(|number| udp(site.family, &flow(site, number), reply))
        .collect()
}
