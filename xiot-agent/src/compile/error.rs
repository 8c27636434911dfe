//! Why a policy cannot be compiled, in words that a person can act on.

use std::fmt;

use xiot_common::{
    capacity::{MAX_LINES_PER_SET, MAX_PREFIX_LENGTHS},
    schedule::MAX_LINKS,
};

use crate::model::policy::Initiator;

/// Why there is no image. Nothing was touched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CompileError {
    /// The policy is larger than the maps are.
    #[error("policy does not fit: it needs {needed} {what}, the gateway has room for {available}")]
    DoesNotFit {
        /// What there is too little of.
        what: Resource,
        /// How much the policy needs, or how much it had come to when it was far too much.
        needed: u64,
        /// How much there is.
        available: u64,
    },

    /// A cold lookup would have to try too many prefix lengths.
    #[error(
        "profile {profile}: the {family} networks of its `{}` rules have {} prefix lengths, at most {MAX_PREFIX_LENGTHS} \
         are possible: {}",
        keyword(*initiator), used.len(), List(used)
    )]
    TooManyPrefixLengths {
        /// Name of the profile.
        profile: String,
        /// Whose rules.
        initiator: Initiator,
        /// Which networks.
        family: Family,
        /// The lengths that are needed, longest first.
        used: Vec<u8>,
    },

    /// The same of the networks of DNS servers.
    #[error(
        "the {family} networks of the DNS servers have {} prefix lengths, at most {MAX_PREFIX_LENGTHS} are possible: {}",
        used.len(), List(used)
    )]
    TooManyServerLengths {
        /// Which networks.
        family: Family,
        /// The lengths that are needed, longest first.
        used: Vec<u8>,
    },

    /// Two names are the same to the data path.
    #[error(
        "the DNS names {first} and {second} have the same hash: one of them must be another one, or its addresses be listed"
    )]
    SameNameHash {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },

    /// One peer has more port ranges than the data path scans.
    #[error(
        "profile {profile}: `{}` rules for {peer} need {lines} lines of port ranges, at most {MAX_LINES_PER_SET} are possible; \
         most of them come from rule {rule} ({label})",
        keyword(*initiator)
    )]
    TooManyRanges {
        /// Name of the profile.
        profile: String,
        /// Whose rules.
        initiator: Initiator,
        /// The network or name whose rules are too many.
        peer: String,
        /// Lines that they need.
        lines: usize,
        /// The rule with the most ranges.
        rule: u32,
        /// The same in words.
        label: String,
    },

    /// More rules that are not always in force allow the same than the data path asks one after another.
    #[error(
        "profile {profile}: more than {} rules with `expires` or `when` allow the same peer and port, where each \
         window that has dates counts as one; the first of them is rule {rule} ({label})",
        MAX_LINKS - 1
    )]
    TooManyTimedRules {
        /// Name of the profile.
        profile: String,
        /// The first rule.
        rule: u32,
        /// The same in words.
        label: String,
    },

    /// Two devices cannot be told apart.
    #[error("devices {first} and {second} have the same MAC and VLAN")]
    SameDevice {
        /// The one listed first.
        first: String,
        /// The other.
        second: String,
    },

    /// A VLAN id is not one.
    #[error("device {device}: VLAN {outer}.{inner} does not exist, ids go up to 4095")]
    VlanOutOfRange {
        /// Name of the device.
        device: String,
        /// Its outer id.
        outer: u16,
        /// Its inner id.
        inner: u16,
    },

    /// A device names a wire that the gateway does not have.
    #[error("device {device}: the gateway has no wire {wire}")]
    UnknownWire {
        /// Name of the device.
        device: String,
        /// The wire it names.
        wire: String,
    },

    /// A device has a profile that is not there.
    #[error("device {device}: there is no profile number {profile}")]
    UnknownProfile {
        /// Name of the device; `defaults` for the profile of devices that are not listed.
        device: String,
        /// Index of the profile.
        profile: usize,
    },

    /// Rule numbers do not follow file order, so that "the first rule" has no meaning.
    #[error("profile {profile}: rule {rule} ({label}) is not numbered in file order")]
    RuleOrder {
        /// Name of the profile.
        profile: String,
        /// Number of the rule.
        rule: u32,
        /// The rule in words.
        label: String,
    },

    /// The numbers are those of another policy: a fault of the caller.
    #[error("the numbers of devices and rules are not those of this policy; this is a bug in xiot")]
    OtherPolicy,

    /// What was compiled does not answer as it should: a fault of the compiler.
    #[error("the {table} table failed its self-check; this is a bug in xiot")]
    SelfCheck {
        /// The table.
        table: &'static str,
    },
}

/// What a policy can need too much of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resource {
    /// Image lines of 64 bytes.
    SlotLines,
    /// Devices.
    Devices,
    /// Rules.
    Rules,
    /// Profiles.
    Profiles,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SlotLines => "lines of 64 bytes (`capacity.policy`)",
            Self::Devices => "devices (`capacity.devices`)",
            Self::Rules => "rules (`capacity.rules`)",
            Self::Profiles => "profiles",
        })
    }
}

/// Kind of address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The word that starts such a rule in the policy file.
const fn keyword(initiator: Initiator) -> &'static str {
    match initiator {
        Initiator::Device => "to",
        Initiator::Peer => "from",
    }
}

struct List<'a>(&'a [u8]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, length) in self.0.iter().enumerate() {
            write!(f, "{}/{length}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
