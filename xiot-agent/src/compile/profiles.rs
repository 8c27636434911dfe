//! Profiles: two lines each, and the fingerprint that tells whether one changed.

use std::time::Duration;

use xiot_common::{
    image::Line,
    profile::{
        self, LINES_PER_PROFILE, PROFILE_NAMES, ProfilePrefixes, ProfileRecord, SERVICE_ARP,
        SERVICE_DHCP, SERVICE_ND,
    },
};

use crate::model::policy::{Limits, Policy, Profile, Timeouts};

use super::{
    encode,
    error::CompileError,
    fingerprint::Fingerprint,
    ids::{self, Scopes},
    key,
    peers::Peers,
};

/// Salt of the fingerprints of profiles.
const SALT: u64 = 0x5052_4f46;

/// All profiles of a policy.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    /// Their lines.
    pub lines: Vec<Line>,
    /// Of what each says, so that one changes with the profile and with nothing else: not with numbers.
    pub fingerprints: Vec<Fingerprint>,
    /// The services of each.
    pub services: Vec<u32>,
}

/// One profile but its peers and rules.
#[derive(Debug)]
pub(super) struct Head {
    record: ProfileRecord,
    pub(super) fingerprint: Fingerprint,
}

impl Head {
    /// `rules` are the keys of its rules in file order, and `holidays` those of the policy.
    pub(super) fn of(profile: &Profile, rules: &[u64], holidays: Option<Fingerprint>) -> Self {
        let services = services(profile);
        let timeouts = timeouts(&profile.timeouts);
        let head = head(
            key::name(&profile.name),
            services,
            &timeouts,
            profile.limits,
        );
        let has_windows = || profile.rules.iter().any(|it| !it.times.windows.is_empty());
        let head = match holidays {
            Some(holidays) if has_windows() => head.add(holidays.get(), 0),
            Some(_) | None => head,
        };
        Self {
            record: ProfileRecord {
                services,
                new_flows: profile.limits.new_flows,
                timeouts,
                fragments: profile.limits.fragments,
                flags: if uses_names(profile) {
                    PROFILE_NAMES
                } else {
                    0
                },
                reserved: [0; 4],
            },
            fingerprint: head.add_all(rules),
        }
    }

    pub(super) const fn services(&self) -> u32 {
        self.record.services
    }

    /// Its lines, with the prefix lengths that its peers use.
    pub(super) fn lines(&self, prefixes: &ProfilePrefixes) -> [Line; LINES_PER_PROFILE as usize] {
        [
            encode::profile_line(&self.record),
            encode::prefixes_line(prefixes),
        ]
    }
}

impl Profiles {
    /// Compiles the profiles of the policy, their peers and rules.
    ///
    /// `rules` are the keys of its rules in file order.
    pub(super) fn compile(
        policy: &Policy,
        mut rules: &[u64],
        peers: &mut Peers,
    ) -> Result<Self, CompileError> {
        let mut all = Self::default();
        let holidays = key::holidays(&policy.holidays);
        for (index, profile) in policy.profiles.iter().enumerate() {
            let number = ids::profile(index)?;
            let prefixes = peers.add(profile, Scopes::of(number))?;
            let (own, rest) = rules.split_at(profile.rules.len().min(rules.len()));
            rules = rest;
            let head = Head::of(profile, own, holidays);
            all.lines.extend(head.lines(&prefixes));
            all.services.push(head.services());
            all.fingerprints.push(head.fingerprint);
        }
        Ok(all)
    }
}

/// Whether some rule names DNS names.
pub(super) fn uses_names(profile: &Profile) -> bool {
    profile.rules.iter().any(|rule| !rule.names.is_empty())
}

/// Of all but the rules.
fn head(
    name: Fingerprint,
    services: u32,
    timeouts: &profile::Timeouts,
    limits: Limits,
) -> Fingerprint {
    Fingerprint::new(SALT).add_all(&[
        name.get(),
        services.into(),
        timeouts.tcp_handshake.into(),
        timeouts.tcp_established.into(),
        timeouts.tcp_closing.into(),
        timeouts.udp_unreplied.into(),
        timeouts.udp_replied.into(),
        timeouts.icmp.into(),
        timeouts.other.into(),
        limits.new_flows.into(),
        limits.fragments.into(),
    ])
}

fn services(profile: &Profile) -> u32 {
    [
        (profile.arp, SERVICE_ARP),
        (profile.nd, SERVICE_ND),
        (profile.dhcp, SERVICE_DHCP),
    ]
    .into_iter()
    .filter(|&(has, _)| has)
    .fold(0, |services, (_, bit)| services | bit)
}

fn timeouts(timeouts: &Timeouts) -> profile::Timeouts {
    profile::Timeouts {
        tcp_handshake: seconds(timeouts.tcp_handshake),
        tcp_established: seconds(timeouts.tcp_established),
        tcp_closing: seconds(timeouts.tcp_closing),
        udp_unreplied: seconds(timeouts.udp_unreplied),
        udp_replied: seconds(timeouts.udp_replied),
        icmp: seconds(timeouts.icmp),
        other: seconds(timeouts.other),
        reserved: 0,
    }
}

/// Whole seconds, rounded up: a timeout is never shorter than asked for.
fn seconds(duration: Duration) -> u32 {
    let whole = duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0));
    u32::try_from(whole).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_round_up_and_stop_at_the_end() {
        assert_eq!(seconds(Duration::from_mins(1)), 60);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::MAX), u32::MAX);
    }

    #[test]
    fn defaults_of_both_worlds_agree() {
        assert_eq!(timeouts(&Timeouts::default()), profile::Timeouts::DEFAULT);
        let limits = Limits::default();
        assert_eq!(limits.new_flows, profile::DEFAULT_NEW_FLOWS);
        assert_eq!(limits.fragments, profile::DEFAULT_FRAGMENTS);
    }
}
