//! What the policy's DNS servers answered listed devices of late. A device asks once, when it starts, and a rule that names a name may come later: it knows what the
//! device was told before, as if it had been there then (docs/judgement.md, 13).

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    ops::Range,
    time::Duration,
};

use ipnetwork::IpNetwork;
use xiot_common::{
    abi::seconds,
    addr::{Addr, Mac, Vlans},
    copy::CopyKind,
    name::{NamePlace, NameSet, NamesKey, SHORTEST},
};

use super::clock::Now;
use crate::{collect::Message, compile, learn::message::dns_answer, model::policy::Policy};

/// An address, and the name that it was told for.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Answer {
    name: String,
    address: IpAddr,
    /// Second of the monotonic clock.
    second: u32,
}

/// Answers by whom they are for, at most as many of each as the program has places for.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The policy's DNS servers.
    servers: Vec<IpNetwork>,
    /// Since when these are the servers, in nanoseconds of the monotonic clock: what was copied before is an answer of others.
    since: u128,
    told: HashMap<NamesKey, VecDeque<Answer>>,
    /// When devices were being told what comes into rules, likewise: the program may not have known yet what it was answered to, or its word was overwritten.
    telling: Range<u128>,
}

/// An answer is copied before the device is told.
const BEFORE: Duration = Duration::from_secs(1);

impl Answers {
    /// Those of this policy's servers, from now on.
    pub fn of(policy: &Policy, now: Now) -> Self {
        Self {
            servers: policy.services.dns.clone(),
            since: now.monotonic.as_nanos(),
            told: HashMap::new(),
            telling: 0..0,
        }
    }

    /// From now on devices are told what comes into rules.
    pub fn begin(&mut self, now: Now) {
        self.telling = now.monotonic.saturating_sub(BEFORE).as_nanos()..u128::MAX;
    }

    /// Goes on under another policy, which is in force by now. What other servers answered is forgotten: whoever lists a server has not vouched for those before it.
    pub fn follow(&mut self, policy: &Policy, now: Now) {
        if self.servers == policy.services.dns {
            self.telling.end = now.monotonic.as_nanos();
        } else {
            *self = Self::of(policy, now);
        }
    }

    /// Takes a message that a listed device got. Without servers in the policy anybody's answers are copied, and none counts. Whether devices have to be told once
    /// more: this came while they were told.
    pub fn take(&mut self, message: &Message) -> bool {
        let is_ours = !self.servers.is_empty() && u128::from(message.time) >= self.since;
        if message.kind != CopyKind::DnsAnswer || !is_ours {
            return false;
        }
        let Some((name, addresses)) = dns_answer(&message.bytes) else {
            return false;
        };
        let (outer, inner) = message.vlans;
        let key = NamesKey {
            mac: Mac(message.mac),
            wire: message.wire,
            vlans: Vlans { outer, inner },
        };
        let told = self.told.entry(key).or_default();
        for address in addresses.into_iter().filter(|it| may_have_name(*it)) {
            told.retain(|it| it.address != address || it.name != name);
            told.push_back(Answer {
                name: name.clone(),
                address,
                second: seconds(message.time),
            });
            if told.len() > NameSet::NONE.0.len() {
                told.pop_front();
            }
        }
        self.telling.contains(&u128::from(message.time))
    }

    /// What each device was told of the names that rules of this policy have, and holds still; nothing where its servers are others.
    pub fn places(&self, policy: &Policy, now: Now) -> Vec<(NamesKey, NameSet)> {
        if self.servers != policy.services.dns {
            return Vec::new();
        }
        let rules = policy.profiles.iter().flat_map(|it| it.rules.iter());
        let names = rules.flat_map(|rule| &rule.names);
        let hashes: HashMap<&str, u64> = names
            .map(|name| (name.as_str(), compile::name_hash(name)))
            .collect();
        let of = |told: &VecDeque<Answer>| {
            let held = told.iter().filter_map(|answer| {
                let until = answer.second.saturating_add(SHORTEST);
                let name = *hashes.get(answer.name.as_str())?;
                (now.second() < until).then_some(NamePlace {
                    addr: filed(answer.address),
                    name,
                    life: NamePlace::life(until, SHORTEST),
                })
            });
            let mut set = NameSet::NONE;
            for (place, held) in set.0.iter_mut().zip(held) {
                *place = held;
            }
            set
        };
        let sets = self.told.iter().map(|(key, told)| (*key, of(told)));
        sets.filter(|(_, set)| !set.is_over(now.second())).collect()
    }
}

fn may_have_name(address: IpAddr) -> bool {
    let is_mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    !address.is_unspecified() && !is_mapped
}

fn filed(address: IpAddr) -> Addr {
    match address {
        IpAddr::V4(v4) => Addr::v4(v4.octets()),
        IpAddr::V6(v6) => Addr::v6(v6.octets()),
    }
}

#[cfg(test)]
mod tests;
