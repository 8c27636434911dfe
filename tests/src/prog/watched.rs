//! What the program recorded for learning, and the messages that it copied.

use aya::maps::{PerCpuArray, PerCpuValues};
use tokio::runtime::Runtime;
use xiot_agent::collect::{CopyStream, Message, Observed, ObservedTable};
use xiot_common::{copy::CopyKey, counter::EventCounter, event::SenderBudget, map};

use super::{Prog, must};

/// Whose budget it is does not matter here.
type Key = [u8; size_of::<CopyKey>()];

impl Prog {
    /// Conversations that were observed. Order means nothing.
    ///
    /// # Panics
    /// Where they cannot be read.
    pub fn observed(&self) -> Vec<Observed> {
        let table = must(
            "open what was observed",
            ObservedTable::open(&self.datapath),
        );
        must("read what was observed", table.snapshot())
    }

    /// Forgets them.
    ///
    /// # Panics
    /// Where they cannot be removed.
    pub fn forget_observed(&mut self) {
        must("clear what was observed", self.datapath.clear_observed());
    }

    /// Lets every device and every CPU have messages copied as in a new second.
    ///
    /// # Panics
    /// Where that cannot be written.
    pub fn forget_copies(&mut self) {
        let table = self.datapath.table::<Key, SenderBudget>(map::COPY_BUDGETS);
        let mut budgets = must("open the budgets of copies", table);
        // Not removed: an LRU map has no room for what comes right after that.
        for (device, _) in must("read the budgets of copies", budgets.entries()) {
            let renewed = budgets.insert(&device, &SenderBudget::default());
            must("renew a budget of copies", renewed);
        }
        let counters = must(
            "open the counters of copies",
            self.datapath.duplicate(map::COPY_COUNTERS),
        );
        let counters = PerCpuArray::<_, EventCounter>::try_from(counters);
        let mut counters = must("read the counters of copies", counters);
        let before = must("read the counters of copies", counters.get(&0, 0));
        let renewed = before.iter().map(|it| EventCounter {
            filled_at: 0,
            ..*it
        });
        let renewed = PerCpuValues::try_from(renewed.collect::<Vec<_>>());
        let renewed = renewed.expect("as many CPUs as before");
        must(
            "renew the CPUs' budgets of copies",
            counters.set(0, renewed, 0),
        );
    }
}

/// Messages that the program copies, from now on.
#[derive(Debug)]
pub struct Copies {
    /// Goes before the runtime that drives it.
    stream: CopyStream,
    runtime: Runtime,
    taken: u64,
}

impl Copies {
    /// Those of this program. Only one may exist of it.
    ///
    /// # Panics
    /// Where they cannot be had.
    pub fn of(prog: &Prog) -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = must("start a runtime", builder.enable_all().build());
        let stream = {
            let _inside = runtime.enter();
            must("open the copies", CopyStream::open(&prog.datapath))
        };
        let taken = must("count the copies", stream.count()).sent;
        Self {
            stream,
            runtime,
            taken,
        }
    }

    /// All that were copied since the last time. Of more than a device may have copied in one second the rest is missing, as it is for an agent.
    ///
    /// # Panics
    /// Where they cannot be read, or the ring was full.
    pub fn take(&mut self) -> Vec<Message> {
        let count = must("count the copies", self.stream.count());
        assert_eq!(count.lost, 0, "the ring has room");
        let mut all = Vec::new();
        while self.taken < count.sent {
            let read = must("read the copies", self.runtime.block_on(self.stream.next()));
            assert_eq!(read.malformed, 0, "every record is a message");
            self.taken += read.messages.len() as u64;
            all.extend(read.messages);
        }
        all
    }
}
