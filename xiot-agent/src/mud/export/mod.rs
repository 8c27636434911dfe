//! From a profile to a MUD file (RFC 8520): lists for both directions and both versions of IP.
//!
//! A file of ours says no more than the profile. What answers look like is written where a port tells them from questions; the other entries are of one
//! direction, and need a gateway that knows flows. The site's DNS and NTP, which files allow by default, are denied at the end of the lists
//! where the profile has them not.

mod allowed;
mod entry;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use self::allowed::Reason;
use self::entry::{Kind, Side};
use super::{
    file::{Ace, Aces, Acl, Acls, File, Mud, Name, Names, Policy as Lists},
    meaning::{Conversations, dns, ntp},
};
use crate::{
    model::{
        policy::Policy,
        written::{Profile, Written},
    },
    unit::mud_url,
};

/// A MUD file, and what of the profile it does not say.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The file.
    pub file: File,
    /// What it does not say, or says otherwise.
    pub unwritten: Vec<Unwritten>,
}

/// Part of a profile that its file does not say, or says otherwise.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}{reason}", rule.as_ref().map(|rule| format!("rule `{rule}`: ")).unwrap_or_default())]
pub struct Unwritten {
    /// The rule, in one line; none: it is about the profile.
    pub rule: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Writes a profile as a file that is found at this URL, as of now.
pub fn export(
    policy: &Policy,
    written: &Written,
    profile: &Profile,
    url: &str,
    now: Timestamp,
) -> Exported {
    let (conversations, unwritten) = allowed::conversations(policy, written, profile, url);
    let maker = mud_url::authority(url).unwrap_or_default();
    let lists = lists(&conversations, &maker);
    Exported {
        file: of_lists(&profile.name, url, now, lists),
        unwritten,
    }
}

/// A file of these lists.
fn of_lists(
    profile: &str,
    url: &str,
    now: Timestamp,
    lists: BTreeMap<(Side, Kind), Vec<Ace>>,
) -> File {
    let names = |wanted: Side| Lists {
        access_lists: Names {
            access_list: lists
                .keys()
                .filter(|(side, _)| *side == wanted)
                .map(|(side, kind)| Name {
                    name: list_name(profile, *side, *kind),
                })
                .collect(),
        },
    };
    let (from_device_policy, to_device_policy) = (names(Side::From), names(Side::To));
    let acl = lists
        .into_iter()
        .map(|((side, kind), ace)| Acl {
            name: list_name(profile, side, kind),
            kind: kind_name(kind).to_owned(),
            aces: Aces { ace },
            unknown: BTreeMap::default(),
        })
        .collect();
    File {
        mud: Mud {
            version: 1,
            url: url.to_owned(),
            signature: None,
            last_update: whole_second(now),
            cache_validity: Some(48),
            is_supported: true,
            systeminfo: Some(systeminfo(profile)),
            mfg_name: None,
            model_name: None,
            documentation: None,
            extensions: Vec::new(),
            from_device_policy,
            to_device_policy,
            unknown: BTreeMap::default(),
        },
        acls: Acls { acl },
        unknown: BTreeMap::default(),
    }
}

/// Entries of each list; lists without entries are not there.
fn lists(conversations: &Conversations, maker: &str) -> BTreeMap<(Side, Kind), Vec<Ace>> {
    let mut lists: BTreeMap<(Side, Kind), Vec<Ace>> = BTreeMap::new();
    for (number, conversation) in (1..).zip(conversations.iter()) {
        for kind in entry::kinds(&conversation.peer, conversation.service) {
            for side in [Side::From, Side::To] {
                let name = entry_name("allow", number, side, kind);
                let ace = entry::ace(name, &conversation, kind, side, maker);
                lists.entry((side, kind)).or_default().extend(ace);
            }
        }
    }
    let [udp, tcp] = dns();
    let has = |one: &super::meaning::Conversation| {
        let services = conversations.with(one.opener, &one.peer);
        services.is_some_and(|services| services.contains(one.service))
    };
    // Who denies DNS over UDP denies that over TCP.
    let mut defaults = vec![ntp()];
    defaults.push(if has(&udp) { tcp } else { udp });
    for (number, default) in (1..).zip(defaults.iter().filter(|default| !has(default))) {
        for kind in [Kind::V4, Kind::V6] {
            for side in [Side::From, Side::To] {
                let name = entry_name("deny", number, side, kind);
                let ace = entry::denial(name, default, kind, side);
                lists.entry((side, kind)).or_default().extend(ace);
            }
        }
    }
    lists.retain(|_, aces| !aces.is_empty());
    lists
}

fn entry_name(word: &str, number: usize, side: Side, kind: Kind) -> String {
    format!("{word}-{number}-{}", suffix(side, kind))
}

/// Names of lists and entries have 64 characters at most (RFC 8519).
fn list_name(profile: &str, side: Side, kind: Kind) -> String {
    const ROOM: usize = 50;
    let profile: String = profile.chars().take(ROOM).collect();
    format!("{profile}-{}", suffix(side, kind))
}

fn suffix(side: Side, kind: Kind) -> String {
    let kind = match kind {
        Kind::V4 => "v4",
        Kind::V6 => "v6",
        Kind::MixedV4 => "eth4",
    };
    let side = match side {
        Side::From => "fr",
        Side::To => "to",
    };
    format!("{kind}{side}")
}

/// Types of lists (RFC 8519).
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::V4 => "ipv4-acl-type",
        Kind::V6 => "ipv6-acl-type",
        Kind::MixedV4 => "mixed-eth-ipv4-acl-type",
    }
}

/// At most 60 characters (RFC 8520, 3.7).
fn systeminfo(profile: &str) -> String {
    const MAX: usize = 60;
    format!("xiot profile {profile}")
        .chars()
        .take(MAX)
        .collect()
}

fn whole_second(now: Timestamp) -> String {
    let second = Timestamp::from_second(now.as_second()).unwrap_or(now);
    second.to_string()
}

#[cfg(test)]
mod tests;
