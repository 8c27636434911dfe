//! What a MUD file allows (RFC 8520), without its lists: conversations, and what of the file they do not say. Pure.
//!
//! The RFC adds to what a file says that the site's DNS and NTP are allowed (5 and appendix A), unless an entry denies them. DNS is both UDP and TCP here, as
//! every resolver speaks both (RFC 7766); who denies the one denies the other.
//!
//! Names and roles stand for IPv4 and IPv6 alike, also where only a list of one of the two has them: a site fills them with the addresses that it has.

mod conversation;
mod entry;
mod pair;
mod peer;
mod ports;
mod reason;

pub use self::{
    conversation::{Conversation, Conversations, Message, Opener, Peer, Ports, Service, Services},
    reason::{Reason, Unexpressed},
};
use self::{
    entry::{Action, Family, Pattern, Protocol, Read, Side},
    pair::Pairs,
};
use super::file::{Ace, Acl, File, Policy};
use crate::unit::mud_url::{self, MudUrlError};

/// The class of services of the site's resolvers (RFC 8520, 17).
pub const DNS: &str = "urn:ietf:params:mud:dns";
/// That of its time servers.
pub const NTP: &str = "urn:ietf:params:mud:ntp";

/// What a file allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    /// Host of the file's MUD URL: the maker.
    pub maker: String,
    /// What it allows.
    pub conversations: Conversations,
    /// What of it these do not say, in the order of the file.
    pub unexpressed: Vec<Unexpressed>,
    /// Entries of the file.
    pub entries: usize,
}

/// Every address of IPv4, and every one of IPv6.
pub fn everybody() -> [ipnetwork::IpNetwork; 2] {
    [Family::V4, Family::V6].map(Family::all)
}

/// What profiles have as service `dns`.
pub fn dns() -> [Conversation; 2] {
    [Service::Udp, Service::Tcp].map(|protocol| default(DNS, protocol(Ports::one(53))))
}

/// What they have as service `ntp`.
pub fn ntp() -> Conversation {
    default(NTP, Service::Udp(Ports::one(123)))
}

fn default(class: &str, service: Service) -> Conversation {
    Conversation {
        opener: Opener::Device,
        peer: Peer::Controller(class.to_owned()),
        service,
    }
}

/// An entry with the list it stands in.
struct Placed<'f> {
    acl: &'f Acl,
    ace: &'f Ace,
    read: Result<(Action, Read), Reason>,
}

/// What a file allows. Errors: its MUD URL is none.
pub fn meaning(file: &File) -> Result<Meaning, MudUrlError> {
    let maker = mud_url::authority(&file.mud.url)?;
    let mut unexpressed = about_the_file(file);
    let mut placed = Vec::new();
    for (policy, side, words) in [
        (&file.mud.from_device_policy, Side::From, "from"),
        (&file.mud.to_device_policy, Side::To, "to"),
    ] {
        placed.extend(of_policy(
            file,
            policy,
            side,
            words,
            &maker,
            &mut unexpressed,
        ));
    }
    let mut pairs = Pairs::default();
    for pattern in accepted(&placed) {
        pairs.add(pattern);
    }
    let mut conversations: Conversations = dns()
        .into_iter()
        .chain([ntp()])
        .filter(|default| !placed.iter().any(|one| denies(one, default)))
        .collect();
    for (index, one) in placed.iter().enumerate() {
        let later = placed.get(index + 1..).unwrap_or_default();
        let lost = of_entry(one, later, &pairs, &mut conversations);
        unexpressed.extend(lost.into_iter().map(|(kept, reason)| Unexpressed {
            list: Some(one.acl.name.clone()),
            entry: Some(one.ace.name.clone()),
            kept,
            reason,
        }));
    }
    unexpressed.extend(unnamed(file));
    Ok(Meaning {
        maker,
        conversations,
        unexpressed,
        entries: file.acls.acl.iter().map(|acl| acl.aces.ace.len()).sum(),
    })
}

/// What is said of the file as a whole and means nothing here.
fn about_the_file(file: &File) -> Vec<Unexpressed> {
    let unknown = file.unknown.keys().chain(file.mud.unknown.keys());
    let needs = file.mud.extensions.iter();
    unknown
        .map(|key| Reason::Extension(key.clone()))
        .chain(needs.map(|name| Reason::Needs(name.clone())))
        .map(|reason| Unexpressed {
            list: None,
            entry: None,
            kept: false,
            reason,
        })
        .collect()
}

/// Entries of the lists that a policy names, in its order.
fn of_policy<'f>(
    file: &'f File,
    policy: &Policy,
    side: Side,
    words: &'static str,
    maker: &str,
    unexpressed: &mut Vec<Unexpressed>,
) -> Vec<Placed<'f>> {
    let mut placed = Vec::new();
    for name in &policy.access_lists.access_list {
        let before = placed.len();
        let lists = file.acls.acl.iter().filter(|acl| acl.name == name.name);
        let mut found = false;
        for acl in lists {
            found = true;
            placed.extend(acl.aces.ace.iter().map(|ace| Placed {
                acl,
                ace,
                read: read(acl, ace, side, maker),
            }));
        }
        let list = |reason| Unexpressed {
            list: Some(name.name.clone()),
            entry: None,
            kept: placed.len() > before,
            reason,
        };
        if !found {
            unexpressed.push(list(Reason::NoList(words)));
        }
        let unknown = file.acls.acl.iter().filter(|acl| acl.name == name.name);
        let unknown = unknown.flat_map(|acl| acl.unknown.keys());
        unexpressed.extend(unknown.map(|key| list(Reason::Unknown(key.clone()))));
    }
    placed
}

fn read(acl: &Acl, ace: &Ace, side: Side, maker: &str) -> Result<(Action, Read), Reason> {
    Ok((
        entry::action(ace)?,
        entry::read(ace, &acl.kind, side, maker)?,
    ))
}

/// Patterns of entries that allow something.
fn accepted<'p>(placed: &'p [Placed<'_>]) -> impl Iterator<Item = &'p Pattern> {
    placed.iter().flat_map(|one| match &one.read {
        Ok((Action::Accept, Read::Ip(patterns))) => patterns.as_slice(),
        Ok((Action::Accept | Action::Deny, _)) | Err(_) => &[],
    })
}

/// Takes the conversations of an entry in. What they do not say, and whether there are any all the same.
fn of_entry(
    one: &Placed<'_>,
    later: &[Placed<'_>],
    pairs: &Pairs<'_>,
    conversations: &mut Conversations,
) -> Vec<(bool, Reason)> {
    let (action, read) = match &one.read {
        Ok(read) => read,
        Err(reason) => return vec![(false, reason.clone())],
    };
    let patterns = match (action, read) {
        (Action::Accept, Read::Ip(patterns)) => patterns,
        (Action::Accept, Read::Arp) => return Vec::new(),
        (Action::Deny, _) => {
            // Lists of one kind are read one after the other, and what nothing allows is denied anyway (RFC 8520, 5).
            let excepted = later.iter().any(|other| {
                other.acl.kind == one.acl.kind
                    && !matches!(other.read, Ok((Action::Deny, _)))
                    && of_side(other) == of_side(one)
            });
            return excepted
                .then_some((false, Reason::Denies))
                .into_iter()
                .collect();
        }
    };
    let mut lost: Vec<(bool, Reason)> = one
        .ace
        .actions
        .unknown
        .keys()
        .map(|key| (true, Reason::Unknown(key.clone())))
        .collect();
    for pattern in patterns {
        lost.extend(match pairs.conversations(pattern, conversations) {
            Ok(restricted) => restricted.map(|reason| (true, reason)),
            Err(reason) => Some((false, reason)),
        });
    }
    lost.dedup();
    lost
}

/// Which way the frames of an entry go, where it is about IP.
fn of_side(one: &Placed<'_>) -> Option<Side> {
    match &one.read {
        Ok((_, Read::Ip(patterns))) => patterns.first().map(|pattern| pattern.side),
        Ok((_, Read::Arp)) | Err(_) => None,
    }
}

/// Whether an entry takes away what the RFC allows by default.
fn denies(one: &Placed<'_>, default: &Conversation) -> bool {
    let Ok((Action::Deny, Read::Ip(patterns))) = &one.read else {
        return false;
    };
    let covered = |device: &[Ports], peer: &[Ports], port: u16| {
        device.is_empty()
            && (peer.is_empty() || peer.iter().any(|it| it.low <= port && port <= it.high))
    };
    patterns.iter().any(|pattern| {
        let everybody = matches!(&pattern.peer, Peer::Network(network) if network.prefix() == 0);
        let of_peer = pattern.side == Side::From && (everybody || pattern.peer == default.peer);
        of_peer
            && match (&pattern.protocol, default.service) {
                (Protocol::Any, _) => true,
                // DNS over TCP is there for that over UDP.
                (Protocol::Udp(device, peer), Service::Udp(ports) | Service::Tcp(ports))
                | (Protocol::Tcp(device, peer), Service::Tcp(ports)) => {
                    covered(device, peer, ports.low)
                }
                _ => false,
            }
    })
}

/// Lists that no policy names.
fn unnamed(file: &File) -> Vec<Unexpressed> {
    let policies = [&file.mud.from_device_policy, &file.mud.to_device_policy];
    let named: Vec<_> = policies
        .into_iter()
        .flat_map(|policy| &policy.access_lists.access_list)
        .map(|name| &name.name)
        .collect();
    let lists = file.acls.acl.iter();
    lists
        .filter(|acl| !named.contains(&&acl.name) && !acl.aces.ace.is_empty())
        .map(|acl| Unexpressed {
            list: Some(acl.name.clone()),
            entry: None,
            kept: false,
            reason: Reason::Unnamed,
        })
        .collect()
}

#[cfg(test)]
mod tests;
