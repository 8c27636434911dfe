//! The flows: a plain map from conversations to what is known of them.

use std::collections::HashMap;

use super::{conversation::Conversation, flow::Flow, limits::Limits, view::FlowView};

#[derive(Clone, Debug)]
pub(super) struct FlowList<'p> {
    /// How many may be confirmed. There is no end to the half-open ones.
    room: usize,
    /// Seconds after a search for room that found little.
    pause: u64,
    flows: HashMap<Conversation, Flow<'p>>,
    /// Second from which on room may be looked for again.
    next_search: u64,
}

/// Flows removed in one search, of which there may be one a second.
const ENOUGH: usize = 1024;

impl<'p> FlowList<'p> {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            room: limits.flows,
            pause: limits.search_pause,
            flows: HashMap::new(),
            next_search: 0,
        }
    }

    /// The flow of a conversation, unless it is over.
    pub(super) fn live(&self, conversation: &Conversation, now: u64) -> Option<&Flow<'p>> {
        self.flows
            .get(conversation)
            .filter(|flow| flow.is_live(now))
    }

    /// Takes up a flow in place of any other of the conversation.
    pub(super) fn put(&mut self, conversation: Conversation, flow: Flow<'p>) {
        self.flows.insert(conversation, flow);
    }

    pub(super) fn remove(&mut self, conversation: &Conversation) {
        self.flows.remove(conversation);
    }

    /// Whether one more can be confirmed. What is over makes room if there is none.
    pub(super) fn make_room(&mut self, now: u64) -> bool {
        if self.confirmed() < self.room {
            return true;
        }
        if now < self.next_search {
            return false;
        }
        let before = self.flows.len();
        self.flows
            .retain(|_, flow| !(flow.is_confirmed && flow.is_over(now)));
        let found = before - self.flows.len();
        self.next_search = now
            + if found >= ENOUGH {
                self.pause.min(1)
            } else {
                self.pause
            };
        self.confirmed() < self.room
    }

    fn confirmed(&self) -> usize {
        self.flows.values().filter(|flow| flow.is_confirmed).count()
    }

    pub(super) fn views(&self) -> impl Iterator<Item = FlowView<'p>> {
        self.flows
            .iter()
            .map(|(conversation, flow)| FlowView::of(conversation, flow))
    }
}
