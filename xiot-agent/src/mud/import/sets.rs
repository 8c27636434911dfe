//! Which peer set each word of a file is: the one that the site's policy says, else a new one that the site has to fill.

use std::collections::BTreeSet;

use super::words::{clean, name};
use crate::{
    model::mud::Mud,
    mud::meaning::{DNS, NTP, Peer},
};

/// A peer set that the policy does not have yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewSet {
    /// Its name.
    pub name: String,
    /// What the site has to put in it, in words.
    pub holds: String,
}

/// Sets for the words of one file.
#[derive(Debug)]
pub(super) struct Sets<'s> {
    known: &'s Mud,
    taken: BTreeSet<String>,
    profile: &'s str,
    maker: &'s str,
    pub(super) added: Vec<NewSet>,
    /// What the map `mud` of the policy lacks.
    pub(super) mapping: Mud,
}

impl<'s> Sets<'s> {
    pub(super) fn new(
        known: &'s Mud,
        taken: BTreeSet<String>,
        profile: &'s str,
        maker: &'s str,
    ) -> Self {
        Self {
            known,
            taken,
            profile,
            maker,
            added: Vec::new(),
            mapping: Mud::default(),
        }
    }

    /// The set that a word is here; none: it is no word, but an address or a name.
    pub(super) fn of(&mut self, peer: &Peer) -> Option<String> {
        let known = find(self.known, self.profile, peer)
            .or_else(|| find(&self.mapping, self.profile, peer));
        if let Some(set) = known {
            return Some(set.clone());
        }
        let (wanted, holds) = self.proposal(peer)?;
        let set = self.free(&wanted);
        self.added.push(NewSet {
            name: set.clone(),
            holds,
        });
        let mapping = &mut self.mapping;
        match peer {
            Peer::Network(_) | Peer::Dns(_) => return None,
            Peer::LocalNetworks => mapping.local_networks = Some(set.clone()),
            Peer::LocalBroadcast => mapping.local_broadcast = Some(set.clone()),
            Peer::MyController => {
                let profile = self.profile.to_owned();
                mapping.my_controllers.insert(profile, set.clone());
            }
            Peer::Controller(class) => {
                mapping.controllers.insert(class.clone(), set.clone());
            }
            Peer::Manufacturer(maker) => {
                mapping.manufacturers.insert(maker.clone(), set.clone());
            }
            Peer::Model(url) => {
                mapping.models.insert(url.clone(), set.clone());
            }
        }
        Some(set)
    }

    /// A name for the set of a word, and what belongs in it.
    fn proposal(&self, peer: &Peer) -> Option<(String, String)> {
        const URN: &str = "urn:ietf:params:mud:";
        Some(match peer {
            Peer::Network(_) | Peer::Dns(_) => return None,
            Peer::LocalNetworks => (
                "local-networks".to_owned(),
                "the site's own networks".to_owned(),
            ),
            Peer::LocalBroadcast => (
                "local-broadcast".to_owned(),
                "255.255.255.255 and the broadcast addresses of the site's own networks".to_owned(),
            ),
            Peer::MyController => (
                format!("{}-controller", name(self.profile)),
                "what controls devices of this profile".to_owned(),
            ),
            Peer::Controller(class) => {
                let short = class.strip_prefix(URN);
                let wanted = match class.as_str() {
                    DNS => "dns-servers".to_owned(),
                    NTP => "ntp-servers".to_owned(),
                    _ => name(short.unwrap_or_else(|| without_scheme(class))),
                };
                (wanted, format!("what is {} here", clean(class)))
            }
            Peer::Manufacturer(maker) => {
                let same = if maker == self.maker {
                    ", the maker of this one"
                } else {
                    ""
                };
                (
                    format!("{}-devices", name(maker)),
                    format!("devices of {}{same}", clean(maker)),
                )
            }
            Peer::Model(url) => (
                name(without_scheme(url)),
                format!("devices of the model {}", clean(url)),
            ),
        })
    }

    /// The name, or the first with a number behind it that nothing has yet.
    fn free(&mut self, wanted: &str) -> String {
        let mut set = wanted.to_owned();
        let mut number = 2_u32;
        while !self.taken.insert(set.clone()) {
            set = format!("{wanted}-{number}");
            number += 1;
        }
        set
    }
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// The set that a policy says for a word.
fn find<'m>(mapping: &'m Mud, profile: &str, peer: &Peer) -> Option<&'m String> {
    match peer {
        Peer::Network(_) | Peer::Dns(_) => None,
        Peer::LocalNetworks => mapping.local_networks.as_ref(),
        Peer::LocalBroadcast => mapping.local_broadcast.as_ref(),
        Peer::MyController => mapping.my_controllers.get(profile),
        Peer::Controller(class) => mapping.controllers.get(class),
        Peer::Manufacturer(maker) => mapping.manufacturers.get(maker),
        Peer::Model(url) => mapping.models.get(url),
    }
}
