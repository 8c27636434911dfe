//! Time that passes for what the program keeps.

use xiot_agent::datapath::Datapath;
use xiot_common::binding::NO_END;

use super::{Prog, must};

impl Prog {
    /// Lets time pass: the kernel's clock cannot be moved, so what it left behind is.
    ///
    /// # Panics
    /// Where that cannot be read or written.
    pub fn age(&mut self, seconds: u32) {
        if seconds == 0 {
            return;
        }
        self.age_flows(seconds);
        for (key, mut datagram) in must("read the datagrams", self.datagrams.entries()) {
            datagram.started = datagram.started.wrapping_sub(seconds);
            must("age a datagram", self.datagrams.insert(&key, &datagram));
        }
        let mut ends = self.age_bindings(seconds);
        ends |= self.age_names(seconds);
        for (device, mut decided) in must("read the overrides", self.overrides.entries()) {
            if decided.until != 0 {
                // One that is over stays so.
                decided.until = decided.until.saturating_sub(seconds).max(1);
                must("age an override", self.overrides.insert(&device, &decided));
                ends = true;
            }
        }
        if ends {
            self.forget_denials();
        }
    }

    /// Lets time pass for flows and budgets alone, which is quick: where nothing else is kept that ends before the test does.
    ///
    /// # Panics
    /// Where budgets cannot be written.
    pub fn age_flows(&mut self, seconds: u32) {
        for mut flow in self.flows.flows() {
            flow.entry.last_seen = flow.entry.last_seen.wrapping_sub(seconds);
            flow.entry.opened_at = flow.entry.opened_at.wrapping_sub(seconds);
            self.flows.rewrite(&flow);
        }
        self.budgets.forget();
    }

    /// Whether there are any that may have ended.
    fn age_bindings(&mut self, seconds: u32) -> bool {
        let mut ends = false;
        for (key, mut binding) in must("read the bindings", self.bindings.entries()) {
            if binding.until != NO_END {
                binding.until = binding.until.saturating_sub(seconds);
                must("age a binding", self.bindings.insert(&key, &binding));
                ends = true;
            }
        }
        for (key, mut places) in must("read the places", self.places.entries()) {
            for place in &mut places.0 {
                place.until = place.until.saturating_sub(seconds);
            }
            must("age places", self.places.insert(&key, &places));
            ends = true;
        }
        ends
    }

    /// Denials are kept for a second, which a test run does not see pass; another epoch ends them as well. What was found to
    /// hold in the epoch so far holds in the next.
    pub(super) fn forget_denials(&mut self) {
        let epoch = |datapath: &Datapath| datapath.active().expect("a policy is in force").epoch;
        let before = epoch(&self.datapath);
        self.datapath.set_grace(self.grace_until);
        let after = epoch(&self.datapath);
        for mut flow in self.flows.flows() {
            if flow.entry.epoch == before {
                flow.entry.epoch = after;
                self.flows.rewrite(&flow);
            }
        }
        for (key, mut datagram) in must("read the datagrams", self.datagrams.entries()) {
            if datagram.epoch == before {
                datagram.epoch = after;
                must("restamp a datagram", self.datagrams.insert(&key, &datagram));
            }
        }
    }
}
