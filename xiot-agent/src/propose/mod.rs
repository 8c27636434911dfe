//! Proposals: the rules that devices need by what was learned of them, as a change of the policy's text that people read before it is anybody's policy.
//!
//! **Invariant:** pure, and careful in one direction: nothing is wider than what was seen but for what is said beside it, nothing that was seen is left
//! out without a line that says so, and what may be an attacker's is a comment until a person makes a rule of it.

mod allowed;
mod classes;
mod completeness;
mod directory;
mod exception;
mod rules;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use jiff::{Timestamp, tz::TimeZone};

use self::{
    allowed::Allowed,
    classes::{Class, Classes},
    exception::Exceptions,
    rules::Draft,
};
pub use self::{
    classes::{Infrastructure, Why},
    completeness::Completeness,
    directory::{Directory, Peer},
};
use crate::{
    learn::{conversation::Conversation, device::Learned, hours::Hours, review::Mark},
    model::{
        self,
        edit::{self, EditError},
        policy::{Policy, Profile},
    },
};

/// A device whose rules are proposed.
#[derive(Debug)]
pub struct Member {
    /// Its name in the policy.
    pub device: String,
    /// What it does.
    pub learned: Learned,
    /// What a person has to look at of that.
    pub marks: HashMap<Conversation, Vec<Mark>>,
    /// Host names that the device was told are at an address, those told last first.
    pub names: HashMap<IpAddr, Vec<String>>,
}

/// Devices of a profile.
#[derive(Debug)]
pub struct Group {
    /// The profile, which is in the policy.
    pub profile: String,
    /// Those devices of it that were observed.
    pub members: Vec<Member>,
    /// How many devices have the profile, observed or not.
    pub listed: usize,
}

/// Where and when observations were made.
#[derive(Debug)]
pub struct Site<'p> {
    /// The policy that is to change.
    pub policy: &'p Policy,
    /// Its text.
    pub text: &'p str,
    /// The hours in which the gateway watched.
    pub watched: &'p Hours,
    /// Where the local time is that people live by.
    pub zone: &'p TimeZone,
    /// Local hours at which they change shifts.
    pub shifts: &'p [i8],
    /// When the proposal is made.
    pub now: Timestamp,
}

/// What is proposed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The policy with it.
    pub text: String,
    /// For each profile, what that means.
    pub profiles: Vec<Part>,
}

/// What is proposed for one profile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// The profile.
    pub profile: String,
    /// How much is known of its devices.
    pub completeness: Completeness,
    /// Rules that all its devices get.
    pub rules: usize,
    /// Devices that get a profile of their own for what they alone do, with the number of rules in it.
    pub exceptions: BTreeMap<String, usize>,
    /// Conversations that wait for a person, as comments.
    pub withheld: usize,
    /// Conversations that the policy allows already.
    pub allowed: usize,
}

/// Nothing can be proposed.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// The policy's text can't be changed in the place where it has to be.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// There is no such profile.
    #[error("the policy has no profile `{0}`")]
    NoProfile(String),
    /// What came out is no policy: nothing is proposed.
    #[error("the proposal would not pass the check of policies, and is withdrawn:\n{0}")]
    Broken(String),
}

/// Proposes rules for these devices, profile by profile as they come.
pub fn propose<E: From<ProposeError>, F: Into<E>>(
    site: &Site<'_>,
    groups: impl IntoIterator<Item = Result<Group, F>>,
) -> Result<Proposal, E> {
    let directory = Directory::of(site.policy);
    let mut text = site.text.to_owned();
    let mut profiles = Vec::new();
    let mut exceptions = Exceptions::of(site.policy);
    for group in groups {
        let group = group.map_err(Into::into)?;
        let profile = site
            .policy
            .profiles
            .iter()
            .find(|profile| profile.name == group.profile)
            .ok_or_else(|| ProposeError::NoProfile(group.profile.clone()))?;
        let (after, part) = one((site, &directory), profile, &group, text, &mut exceptions)?;
        text = after;
        profiles.push(part);
    }
    let text = exceptions.write(text).map_err(ProposeError::from)?;
    let loaded = model::load_policy_at(&site.policy.file, text.as_str(), site.now);
    if loaded.report.errors() > 0 {
        let broken = loaded.report.render(crate::diag::Style::Plain);
        return Err(ProposeError::Broken(broken).into());
    }
    Ok(Proposal { text, profiles })
}

/// Proposes for one profile, and writes it into the text.
fn one(
    (site, directory): (&Site<'_>, &Directory<'_>),
    profile: &Profile,
    group: &Group,
    mut text: String,
    exceptions: &mut Exceptions,
) -> Result<(String, Part), ProposeError> {
    let mut allowed = Allowed::of(profile);
    let classes = Classes::of(group, directory, site.policy, &allowed);
    let completeness = Completeness::of(group, site);
    let words = words::Words::new(site, group);
    let mut part = Part {
        profile: profile.name.clone(),
        completeness,
        rules: 0,
        exceptions: BTreeMap::new(),
        withheld: 0,
        allowed: classes.allowed,
    };
    let has = service_names(profile, site.policy);
    for service in classes.infrastructure.iter().map(|it| it.name()) {
        if !has.contains(&service) {
            text = edit::add_service(&text, &profile.name, service, &has)?;
        }
    }
    let (shared, alone) = classes.shared_and_alone(group.members.len());
    let drafts = rules::drafts(
        shared.iter().copied().filter(|it| it.is_proposed()),
        directory,
    );
    let mut lines = Vec::new();
    for draft in &drafts {
        allowed.add(draft);
        lines.extend(words.rule(draft));
    }
    part.rules = drafts.len();
    let names_somebody = |draft: &Draft| {
        let mut peers = draft.peers.iter();
        peers.any(|peer| matches!(peer, Peer::Name(_)))
    };
    // Who may not ask has no use for a name.
    if drafts.iter().any(names_somebody)
        && !has.contains(&"dns")
        && !classes.infrastructure.contains(&Infrastructure::Dns)
    {
        text = edit::add_service(&text, &profile.name, "dns", &has)?;
    }
    let withheld: Vec<_> = shared
        .iter()
        .chain(&alone)
        .copied()
        .filter(|it| !it.is_proposed())
        .collect();
    part.withheld = classes::conversations(&withheld);
    let written = edit::profile_text(&text, &profile.name)?;
    for draft in rules::drafts(withheld.into_iter(), directory) {
        let comment = words.withheld(&draft);
        // What a person left as a comment of this profile needs not be said again.
        if comment
            .last()
            .is_none_or(|rule| !written.contains(rule.as_str()))
        {
            lines.extend(comment);
        }
    }
    if !lines.is_empty() {
        lines.insert(0, words.heading(&part.completeness));
        text = edit::add_rules(&text, &profile.name, &lines)?;
    }
    for (device, classes) in by_device(&alone, &allowed) {
        let drafts = rules::drafts(classes.into_iter(), directory);
        part.exceptions.insert(device.clone(), drafts.len());
        exceptions.add((profile, &device), &drafts, &words);
    }
    Ok((text, part))
}

/// What each device does alone, and the rules of all do not allow by now.
fn by_device<'c>(alone: &[&'c Class], allowed: &Allowed<'_>) -> BTreeMap<String, Vec<&'c Class>> {
    let mut devices: BTreeMap<String, Vec<&Class>> = BTreeMap::new();
    for class in alone.iter().filter(|it| it.is_proposed()) {
        if !class.is_in(allowed)
            && let Some(device) = class.devices.iter().next()
        {
            devices.entry(device.clone()).or_default().push(class);
        }
    }
    devices
}

/// The services that a profile has.
fn service_names(profile: &Profile, policy: &Policy) -> Vec<&'static str> {
    let allowed = Allowed::of(profile);
    let has = |servers: &[ipnetwork::IpNetwork], port| {
        servers.first().is_some_and(|server| {
            let conversation = Conversation {
                initiator: crate::learn::conversation::Initiator::Device,
                midstream: false,
                protocol: 17,
                port,
                peer: server.ip(),
            };
            allowed.allows(&conversation)
        })
    };
    [
        ("arp", profile.arp),
        ("nd", profile.nd),
        ("dhcp", profile.dhcp),
        ("dns", has(&policy.services.dns, 53)),
        ("ntp", has(&policy.services.ntp, 123)),
    ]
    .into_iter()
    .filter_map(|(name, has)| has.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests;
