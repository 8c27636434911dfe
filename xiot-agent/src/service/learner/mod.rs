//! Learning: what was observed goes into the database of what was learned. Enforcement does not depend on it: what can't be written down is tried
//! again, and told of.

mod answer;
mod pace;
mod proposal;
mod stages;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use xiot_common::{
    abi::seconds,
    copy::CopyKind,
    observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED, ObservedKey},
};

use self::stages::Stages;
pub use self::{
    answer::{SHIFTS, learned},
    pace::Pace,
    proposal::{ProposalError, Wanted, propose},
    stages::{Dropped, Found, listed, may_fall},
};
use super::{
    clock::Now,
    state::{Gauge, LearnedLevels},
    view,
};
use crate::{
    collect::{Message, Observed},
    learn::{
        conversation::{self, Initiator, News, hour},
        device::{Identity, Learned},
        hours::Hours,
        intake::Entry,
        message,
        told::Told,
    },
    store::{self, Batch, LearnedStore, OpenError, Opened, Room, StoreError},
};

/// Conversations that wait to be written down. Beyond that, where the database can't be used for long, new ones are left out.
const MOST_WAITING: usize = 500_000;

/// Messages that are taken between two times that it is written down: more would be of somebody who wants memory.
const MOST_HEARD: usize = 200_000;

/// What was learned can't be read or kept: why.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("what is learned can't be kept: {0}")]
pub struct NotLearned(pub String);

/// Takes what was observed into the database.
#[derive(Debug)]
pub struct Learner {
    directory: PathBuf,
    pace: Pace,
    store: Option<Arc<LearnedStore>>,
    /// That which was lent last.
    lent: Weak<LearnedStore>,
    trouble: Option<String>,
    levels: LearnedLevels,
    /// Up to when observations were in the database before this agent; none: nobody looked yet, or there were none.
    until: Option<u64>,
    /// The map as it was at the last look.
    before: HashMap<ObservedKey, Entry>,
    looked: Option<Now>,
    waiting: usize,
    /// Messages since it was written down.
    heard: usize,
    batch: Batch,
    stages: Stages,
}

impl Learner {
    /// Keeps what it learns in this state directory. Nothing is opened yet: that reads all of the file.
    pub fn new(directory: &Path, pace: Pace) -> Self {
        Self {
            directory: directory.to_owned(),
            pace,
            store: None,
            lent: Weak::new(),
            trouble: None,
            levels: LearnedLevels::default(),
            until: None,
            before: HashMap::new(),
            looked: None,
            waiting: 0,
            heard: 0,
            batch: Batch::default(),
            stages: Stages::default(),
        }
    }

    /// Time between two looks at what was observed.
    pub fn look(&self) -> Duration {
        self.pace.look()
    }

    /// Time between two times that it is written down.
    pub fn write(&self) -> Duration {
        self.pace.write()
    }

    /// Why nothing is kept.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// How much is in the database, when it was read or written last.
    pub const fn levels(&self) -> LearnedLevels {
        self.levels
    }

    /// Opens the database, unless it is open.
    pub fn open(&mut self) -> Result<(), NotLearned> {
        if self.store.is_some() {
            return Ok(());
        }
        // Who reads it has the file open, and soon no more.
        if self.lent.strong_count() > 0 {
            let why = self.trouble.clone();
            return Err(NotLearned(why.unwrap_or_else(|| "it is read".to_owned())));
        }
        let opened = store::open(&self.directory).map_err(|error: OpenError| error.to_string());
        let opened = opened.and_then(|opened: Opened<LearnedStore>| {
            let until = opened.content.until().map_err(|error| error.to_string())?;
            Ok((opened, until))
        });
        match opened {
            Ok((Opened { content, set_aside }, until)) => {
                if let Some((path, what)) = set_aside {
                    tracing::error!(
                        "what was learned was damaged ({what}); it is at {} now, and learning begins anew",
                        path.display()
                    );
                    self.write_stages_anew();
                }
                // What this agent saw since is in the batch already.
                self.until = self.until.or(until);
                self.levels = levels(&content);
                self.store = Some(Arc::new(content));
                self.trouble = None;
                Ok(())
            }
            Err(what) => Err(self.failed(what)),
        }
    }

    /// Takes what the map holds now.
    pub fn note(&mut self, now: Now, observed: &[Observed]) {
        // Without it nobody knows what of that was taken before.
        if self.looked.is_none() && self.open().is_err() {
            return;
        }
        let mut entries = HashMap::with_capacity(observed.len());
        for Observed { key, entry } in observed {
            // By the clock that nobody sets: what was seen before is not seen again because the wall clock was put right.
            let entry = Entry {
                first: entry.first_seen.into(),
                last: entry.last_seen.into(),
                opened: entry.flows,
                frames: entry.frames,
                bytes: entry.bytes,
            };
            entries.insert(*key, entry);
            let news = match self.before.get(key) {
                None if self.looked.is_none() => {
                    self.on_wall(now, &entry).since_restart(self.until)
                }
                before => entry.since(before).map(|news| News {
                    first: self.second(now, news.first),
                    last: self.second(now, news.last),
                    ..news
                }),
            };
            if let Some(news) = news {
                self.take(key, &news);
            }
        }
        self.before = entries;
        let until = self.pace.at(now, now.second());
        let since = self
            .looked
            .map_or(until, |looked| self.pace.at(now, looked.second()));
        for hour in hour(since)..=hour(until) {
            self.batch.watched.mark(hour);
        }
        self.batch.until = until;
        self.looked = Some(now);
    }

    /// A second of the monotonic clock on that of learning.
    fn second(&self, now: Now, second: u64) -> u64 {
        self.pace.at(now, u32::try_from(second).unwrap_or(u32::MAX))
    }

    fn on_wall(&self, now: Now, entry: &Entry) -> Entry {
        Entry {
            first: self.second(now, entry.first),
            last: self.second(now, entry.last),
            ..*entry
        }
    }

    fn take(&mut self, key: &ObservedKey, news: &News) {
        let (conversation, identity) = (conversation(key), identity(key));
        // A group that somebody listed is no device.
        if identity.mac[0] & 1 != 0 {
            return;
        }
        let device = self.batch.devices.entry(identity).or_default();
        let is_new = !device.conversations().contains_key(&conversation);
        if is_new && self.waiting >= MOST_WAITING {
            return;
        }
        self.waiting += usize::from(is_new);
        device.take(conversation, news);
    }

    /// Takes a message that says what a device is, or what it was told.
    pub fn hear(&mut self, now: Now, message: &Message) {
        let identity = Identity {
            mac: message.mac,
            vlans: message.vlans,
        };
        if self.heard >= MOST_HEARD {
            return;
        }
        self.heard += 1;
        let described = match message.kind {
            CopyKind::DnsAnswer => {
                if let Some((name, addresses)) = message::dns_answer(&message.bytes) {
                    let at = self.pace.at(now, seconds(message.time));
                    let told = self.batch.told.entry(identity).or_default();
                    told.take(&name, &addresses, at);
                }
                return;
            }
            CopyKind::DhcpRequest => message::dhcp(&message.bytes),
            CopyKind::Dhcpv6Request => message::dhcpv6(&message.bytes),
            CopyKind::Lldp => message::lldp(&message.bytes),
        };
        if !described.is_empty() {
            self.batch
                .described
                .entry(identity)
                .or_default()
                .join(described);
        }
    }

    /// Writes down what came in. Devices for which `is_listed` holds are kept whatever else comes.
    pub fn flush(&mut self, is_listed: impl Fn(&Identity) -> bool) -> Result<(), NotLearned> {
        self.open()?;
        if self.looked.is_none() {
            return Ok(());
        }
        let Some(store) = &self.store else {
            return Ok(());
        };
        match store.take(&self.batch, Room::default(), is_listed) {
            Ok(()) => {
                let until = self.batch.until;
                self.batch = Batch {
                    until,
                    ..Batch::default()
                };
                self.levels = levels(store);
                self.waiting = 0;
                self.heard = 0;
                if self.trouble.take().is_some() {
                    tracing::info!("What is learned can be kept again.");
                }
                Ok(())
            }
            Err(error) => Err(self.failed(error.to_string())),
        }
    }

    /// Looks at every device, by MAC.
    pub fn visit(&mut self, look: impl FnMut(Identity, Learned)) -> Result<(), NotLearned> {
        self.read(|store| store.visit(look))
    }

    /// The database, for whoever reads more than a few devices: what is learned meanwhile is taken and written down all the same. Who can't read it says so
    /// ([`Self::failed`]).
    pub fn lend(&mut self) -> Result<Arc<LearnedStore>, NotLearned> {
        self.open()?;
        let Some(store) = &self.store else {
            return Err(NotLearned("it is not open".to_owned()));
        };
        self.lent = Arc::downgrade(store);
        Ok(Arc::clone(store))
    }

    /// What the device with this MAC was told of names, on whatever VLAN, what was heard just now included.
    pub fn told_of(&mut self, mac: [u8; 6]) -> Result<Told, NotLearned> {
        let mut told = self.read(|store| store.told_of(mac))?;
        for (identity, later) in &self.batch.told {
            if identity.mac == mac {
                told.join(later);
            }
        }
        Ok(told)
    }

    /// The hours in which the gateway watched.
    pub fn watched(&mut self) -> Result<Hours, NotLearned> {
        self.read(LearnedStore::watched)
    }

    /// Forgets a device.
    pub fn forget(&mut self, identity: &Identity) -> Result<bool, NotLearned> {
        let waited = self.batch.devices.remove(identity).is_some();
        self.read(|store| store.forget(identity))
            .map(|kept| kept || waited)
    }

    fn read<T>(
        &mut self,
        work: impl FnOnce(&LearnedStore) -> Result<T, StoreError>,
    ) -> Result<T, NotLearned> {
        self.open()?;
        let Some(store) = &self.store else {
            return Err(NotLearned("it is not open".to_owned()));
        };
        work(store).map_err(|error| self.failed(error.to_string()))
    }

    /// It can't be read or written: it is opened anew, and checked, before it is believed again.
    pub fn failed(&mut self, what: String) -> NotLearned {
        if self.trouble.as_ref() != Some(&what) {
            tracing::error!("What is learned can't be kept: {what}.");
        }
        self.store = None;
        self.trouble = Some(what.clone());
        NotLearned(what)
    }
}

/// What can't be read tells of itself where it is read for its own sake.
fn levels(store: &LearnedStore) -> LearnedLevels {
    let (devices, conversations) = store.levels().unwrap_or_default();
    let room = Room::default();
    LearnedLevels {
        devices: Gauge {
            used: devices,
            capacity: room.devices as u64,
        },
        conversations: Gauge {
            used: conversations,
            capacity: room.conversations,
        },
    }
}

fn identity(key: &ObservedKey) -> Identity {
    Identity {
        mac: key.mac.0,
        vlans: (key.vlans.outer, key.vlans.inner),
    }
}

fn conversation(key: &ObservedKey) -> conversation::Conversation {
    conversation::Conversation {
        initiator: if key.flags & OBSERVED_PEER_INITIATED == 0 {
            Initiator::Device
        } else {
            Initiator::Peer
        },
        midstream: key.flags & OBSERVED_MIDSTREAM != 0,
        protocol: key.protocol,
        port: key.port,
        peer: view::address(key.peer),
    }
}

#[cfg(test)]
mod tests;
