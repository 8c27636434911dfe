//! DNS names that the policy lists, whole, and the servers whose answers say which addresses they have.

use std::collections::{BTreeMap, BTreeSet};

use ipnetwork::IpNetwork;
use xiot_common::{
    image::Line,
    name::{self, NAME_WORDS, NameWords, name_key},
    profile::PrefixLengths,
    table::scope,
};

use crate::model::policy::{DnsName, Policy};

use super::{
    error::{CompileError, Family},
    peers::{Peers, lengths},
    slot::Wide,
};

/// Words of a line.
const WORDS: usize = 8;

/// What the data path knows a name by.
pub fn hash(name: &DnsName) -> u64 {
    let bytes = name.wire();
    name::hash(&words(&bytes), bytes.len())
}

fn words(bytes: &[u8]) -> NameWords {
    let mut words = [0; NAME_WORDS];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks(size_of::<u64>())) {
        let mut bytes = [0; size_of::<u64>()];
        bytes[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_ne_bytes(bytes);
    }
    words
}

/// All names of a policy.
#[derive(Debug)]
pub(super) struct Names {
    /// The names as they stand in messages, each from a line of its own on.
    pub(super) lines: Vec<Line>,
    /// Where in these each stands, by its hash.
    pub(super) slots: Vec<Wide>,
}

impl Names {
    /// Of the rules of all profiles. Refuses two that the data path could not tell apart once it has learned them.
    pub(super) fn of(policy: &Policy) -> Result<Self, CompileError> {
        let rules = policy.profiles.iter().flat_map(|profile| &profile.rules);
        let by_hash = apart(rules.flat_map(|rule| &rule.names), hash)?;
        let mut all = Self {
            lines: Vec::new(),
            slots: Vec::with_capacity(by_hash.len()),
        };
        for (hash, name) in by_hash {
            let line = u32::try_from(all.lines.len()).expect("2^32 lines exceed any memory");
            all.slots
                .push(Wide::new(name_key(scope::NAMES, hash, 0), line + 1));
            let bytes = name.wire();
            let words = words(&bytes);
            let used = bytes.len().div_ceil(size_of::<Line>());
            let chunks = words.as_chunks::<WORDS>().0.iter();
            all.lines
                .extend(chunks.take(used).map(|words| Line(*words)));
        }
        Ok(all)
    }
}

/// Each name by its hash.
fn apart<'n>(
    names: impl Iterator<Item = &'n DnsName>,
    hash: impl Fn(&DnsName) -> u64,
) -> Result<BTreeMap<u64, &'n DnsName>, CompileError> {
    let mut all: BTreeMap<u64, &DnsName> = BTreeMap::new();
    for name in names {
        let first = *all.entry(hash(name)).or_insert(name);
        if first != name {
            return Err(CompileError::SameNameHash {
                first: first.to_string(),
                second: name.to_string(),
            });
        }
    }
    Ok(all)
}

/// Prefix lengths of the networks of DNS servers.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) v4: PrefixLengths,
    pub(super) v6: PrefixLengths,
}

impl Servers {
    /// Files the networks of the DNS servers.
    pub(super) fn file(policy: &Policy, peers: &mut Peers) -> Result<Self, CompileError> {
        let (mut v4, mut v6) = ([false; 129], [false; 129]);
        let whole = policy
            .services
            .dns
            .iter()
            .filter_map(|network| IpNetwork::new(network.network(), network.prefix()).ok());
        for network in whole.collect::<BTreeSet<_>>() {
            let used = if network.is_ipv4() { &mut v4 } else { &mut v6 };
            used[usize::from(network.prefix())] = true;
            peers.add_network(scope::DNS_SERVER, network);
        }
        let lengths = |family, used| {
            lengths(used).map_err(|used| CompileError::TooManyServerLengths { family, used })
        };
        Ok(Self {
            v4: lengths(Family::V4, &v4)?,
            v6: lengths(Family::V6, &v6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DnsName {
        DnsName::parse(text).unwrap()
    }

    #[test]
    fn names_with_one_hash_are_refused() {
        let names = [name("a.example"), name("b.example"), name("a.example")];
        assert_eq!(apart(names.iter(), hash).unwrap().len(), 2);
        let error = apart(names.iter(), |_| 7).unwrap_err();
        assert_eq!(
            error,
            CompileError::SameNameHash {
                first: "a.example".to_owned(),
                second: "b.example".to_owned()
            }
        );
    }

    #[test]
    fn bytes_stand_where_the_kernel_reads_them() {
        let words = words(&name("cloud.example").wire());
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        assert_eq!(&bytes[..15], b"\x05cloud\x07example\0");
        assert!(bytes[15..].iter().all(|byte| *byte == 0));
    }
}
