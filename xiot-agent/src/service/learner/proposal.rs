//! From what was learned to a proposal: who its devices are, and what the policy is that it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::tz::TimeZone;

use super::answer::SHIFTS;
use crate::{
    learn::{
        device::Identity,
        hours::Hours,
        review::{Peers, Thresholds, marks},
    },
    model::{
        edit::{self, EditError},
        load_policy_at,
        policy::{Device, Policy},
    },
    propose::{self, Group, Member, Proposal, ProposeError, Site},
    service::clock::Now,
    store::{LearnedStore, StoreError},
    unit,
};

/// What a proposal is wanted for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// Profiles; none: all that have devices which were observed.
    pub profiles: Vec<String>,
    /// Devices that are not listed, by MAC: they are listed by the proposal, and get the only profile that is named.
    pub devices: Vec<String>,
}

/// There is no proposal.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// The policy has errors.
    #[error("the policy file has errors; a proposal is made for one without any:\n{0}")]
    Findings(String),
    /// What was learned can't be read.
    #[error("what is learned can't be read: {0}")]
    Store(#[from] StoreError),
    /// The policy's text can't be changed.
    #[error(transparent)]
    Propose(#[from] ProposeError),
    /// A device is no MAC.
    #[error("`{0}` is not a MAC: devices that are listed are proposed for by their profile")]
    NoMac(String),
    /// Nothing was learned of it.
    #[error("nothing was learned of {0}")]
    Unknown(String),
    /// The policy lists it.
    #[error("{mac} is listed as `{name}`: ask for its profile `{profile}`")]
    Listed {
        /// Its MAC.
        mac: String,
        /// Its name.
        name: String,
        /// Its profile.
        profile: String,
    },
    /// Devices without a profile, or with several.
    #[error("devices that are listed by a proposal need one profile, which may be a new one")]
    OneProfile,
    /// Nothing was learned of any device that it is wanted for.
    #[error("nothing was learned of any device of {}", .0.join(", "))]
    Nothing(Vec<String>),
}

impl From<EditError> for ProposalError {
    fn from(error: EditError) -> Self {
        Self::Propose(error.into())
    }
}

/// Proposes a change of this policy.
pub fn propose(
    store: &LearnedStore,
    (file, text): (&str, &str),
    wanted: &Wanted,
    is_suspect: impl Fn(&Identity) -> bool,
    now: Now,
) -> Result<Proposal, ProposalError> {
    let policy = load(file, text, now)?;
    let (text, policy) = if wanted.devices.is_empty() {
        (text.to_owned(), policy)
    } else {
        let text = list(store, text, &policy, wanted)?;
        let policy = load(file, &text, now)?;
        (text, policy)
    };
    let watched = store.watched()?;
    let of_mac = by_mac(&policy);
    let mut peers = Peers::default();
    let mut observed: BTreeMap<usize, Vec<(&Device, Identity)>> = BTreeMap::new();
    store.visit(|identity, learned| {
        peers.add(&learned);
        let Some(device) = listed(&of_mac, &identity) else {
            return;
        };
        let name = policy.profiles.get(device.profile).map(|it| &it.name);
        let is_wanted =
            wanted.profiles.is_empty() || name.is_some_and(|name| wanted.profiles.contains(name));
        if is_wanted {
            let of_profile = observed.entry(device.profile).or_default();
            of_profile.push((device, identity));
        }
    })?;
    if observed.is_empty() {
        let names = policy.profiles.iter().map(|it| it.name.clone());
        let all = if wanted.profiles.is_empty() {
            names.collect()
        } else {
            wanted.profiles.clone()
        };
        return Err(ProposalError::Nothing(all));
    }
    // One after the other: all that was learned of a site is more than needs to be in memory at once.
    let groups = observed.iter().filter_map(|(profile, devices)| {
        let name = &policy.profiles.get(*profile)?.name;
        let members = devices
            .iter()
            .map(|it| member(store, it, &peers, &is_suspect));
        let members = members.collect::<Result<_, _>>();
        Some(members.map(|members| {
            Group {
                profile: name.clone(),
                members,
                listed: policy
                    .devices
                    .iter()
                    .filter(|it| it.profile == *profile)
                    .count(),
            }
        }))
    });
    propose::propose(&site(&policy, &text, &watched, now), groups)
}

/// The text with these devices in it, and their profile if it is a new one.
fn list(
    store: &LearnedStore,
    text: &str,
    policy: &Policy,
    wanted: &Wanted,
) -> Result<String, ProposalError> {
    let [profile] = wanted.profiles.as_slice() else {
        return Err(ProposalError::OneProfile);
    };
    let of_mac = by_mac(policy);
    let mut text = text.to_owned();
    if policy.profiles.iter().all(|it| it.name != *profile) {
        text = edit::add_profile(&text, profile, &["services: [arp, nd, dhcp]".to_owned()])?;
    }
    let macs: BTreeSet<_> = wanted
        .devices
        .iter()
        .map(|device| {
            unit::mac::parse(device).map_err(|_not_one| ProposalError::NoMac(device.clone()))
        })
        .collect::<Result<_, _>>()?;
    let mut known = BTreeSet::new();
    for mac in &macs {
        known.extend(store.of_mac(*mac)?);
    }
    if let Some(mac) = macs
        .iter()
        .find(|mac| known.iter().all(|it| it.mac != **mac))
    {
        return Err(ProposalError::Unknown(unit::mac::format(*mac)));
    }
    for identity in &known {
        let mac = unit::mac::format(identity.mac);
        if let Some(device) = listed(&of_mac, identity) {
            let profile = policy.profiles.get(device.profile);
            return Err(ProposalError::Listed {
                mac,
                name: device.name.clone(),
                profile: profile.map_or_else(String::new, |it| it.name.clone()),
            });
        }
        let digits = mac.replace(':', "");
        let (name, vlan) = match identity.vlans {
            (0, 0) => (format!("{profile}-{digits}"), String::new()),
            vlans => {
                let vlan = unit::vlan::format(vlans);
                (
                    format!("{profile}-{digits}-{vlan}"),
                    format!(", vlan: {vlan}"),
                )
            }
        };
        let device =
            format!("{{name: {name}, mac: \"{mac}\"{vlan}, profile: {profile}, mode: learn}}");
        text = edit::add_device(&text, &name, &device)?;
    }
    Ok(text)
}

fn load(file: &str, text: &str, now: Now) -> Result<Policy, ProposalError> {
    let loaded = load_policy_at(file, text, now.wall);
    let findings = || loaded.report.render(crate::diag::Style::Plain);
    loaded
        .value
        .ok_or_else(|| ProposalError::Findings(findings()))
}

fn by_mac(policy: &Policy) -> HashMap<[u8; 6], Vec<&Device>> {
    let mut of_mac: HashMap<_, Vec<_>> = HashMap::new();
    for device in &policy.devices {
        of_mac.entry(device.mac).or_default().push(device);
    }
    of_mac
}

/// The device that this is: one with just these VLANs before one with any single tag.
fn listed<'p>(
    of_mac: &HashMap<[u8; 6], Vec<&'p Device>>,
    identity: &Identity,
) -> Option<&'p Device> {
    let devices = of_mac.get(&identity.mac)?;
    let on = |vlan| devices.iter().copied().find(|device| device.vlan == vlan);
    on(Some(identity.vlans)).or_else(|| on(None).filter(|_| identity.vlans.1 == 0))
}

fn member(
    store: &LearnedStore,
    (device, identity): &(&Device, Identity),
    peers: &Peers,
    is_suspect: &impl Fn(&Identity) -> bool,
) -> Result<Member, StoreError> {
    let learned = store.device(identity)?.unwrap_or_default();
    let told = store.told(identity)?;
    let names = told.names().iter().map(|(address, names)| {
        let names = names.iter().map(|(name, _)| name.clone());
        (*address, names.collect())
    });
    Ok(Member {
        device: device.name.clone(),
        marks: marks(
            &learned,
            is_suspect(identity),
            peers,
            &Thresholds::default(),
        ),
        learned,
        names: names.collect(),
    })
}

fn site<'p>(policy: &'p Policy, text: &'p str, watched: &'p Hours, now: Now) -> Site<'p> {
    Site {
        policy,
        text,
        watched,
        zone: policy
            .time_zone
            .as_ref()
            .unwrap_or(const { &TimeZone::UTC }),
        shifts: &SHIFTS,
        now: now.wall,
    }
}
