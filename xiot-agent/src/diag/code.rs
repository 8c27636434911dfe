//! The kinds of findings: stable names that scripts may rely on.

use super::Severity;

/// Declares the enum, the names and the list of all from one table.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident;)*) => {
        /// What kind of thing is wrong. Names are stable and never reused.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name: `unknown-key`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Whether a file with it can be used all the same.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)*
                }
            }
        }
    };
}

codes! {
    // The file as such.
    /// The file exceeds the size limit.
    TooLarge = "too-large", Error;
    /// The file is not UTF-8, or has control characters.
    NotText = "not-text", Error;
    /// The file is not YAML.
    Syntax = "syntax", Error;
    /// A tab where YAML wants spaces.
    Tab = "tab", Error;
    /// Lists and maps nest too deep.
    TooDeep = "too-deep", Error;
    /// More values than any sensible file has.
    TooManyValues = "too-many-values", Error;
    /// Aliases blow the file up.
    TooManyAliases = "too-many-aliases", Error;
    /// A second YAML document.
    SecondDocument = "second-document", Error;
    /// A YAML tag.
    Tag = "tag", Error;

    // Shape.
    /// A key that means nothing here.
    UnknownKey = "unknown-key", Error;
    /// A key given twice.
    DuplicateKey = "duplicate-key", Error;
    /// A key that must be there.
    MissingKey = "missing-key", Error;
    /// A list where a map belongs, and the like.
    WrongType = "wrong-type", Error;
    /// A list without entries where that makes no sense.
    EmptyList = "empty-list", Error;

    // Values.
    /// A word that is none of the possible ones.
    UnknownValue = "unknown-value", Error;
    /// Not a name.
    BadName = "bad-name", Error;
    /// Text that is too long.
    TooLong = "too-long", Error;
    /// Not a MAC address, or not one of a device.
    BadMac = "bad-mac", Error;
    /// Not an address, or not one that may stand here.
    BadAddress = "bad-address", Error;
    /// Not a DNS name, or not an exact one.
    BadDnsName = "bad-dns-name", Error;
    /// A network with bits set beyond its prefix.
    HostBits = "host-bits", Error;
    /// Not a port or a range of ports.
    BadPort = "bad-port", Error;
    /// A range from high to low.
    ReversedRange = "reversed-range", Error;
    /// Ports or types listed twice.
    OverlappingRange = "overlapping-range", Error;
    /// Not an ICMP type.
    BadIcmp = "bad-icmp", Error;
    /// Not a date, or out of range.
    BadTime = "bad-time", Error;
    /// Not a window of time.
    BadWindow = "bad-window", Error;
    /// Windows of a rule that have time in common.
    OverlappingWindows = "overlapping-windows", Error;
    /// More windows of a rule than the gateway can hold.
    TooManyWindows = "too-many-windows", Error;
    /// A window with dates that is over.
    PastWindow = "past-window", Warning;
    /// Not the name of a time zone.
    UnknownTimeZone = "unknown-time-zone", Error;
    /// Local time in a policy without a time zone.
    MissingTimeZone = "missing-time-zone", Error;
    /// Not an IP protocol.
    BadProtocol = "bad-protocol", Error;
    /// Not an Ethernet type, or not one to allow.
    BadEthertype = "bad-ethertype", Error;
    /// Not a VLAN id.
    BadVlan = "bad-vlan", Error;
    /// Not a duration, or out of range.
    BadDuration = "bad-duration", Error;
    /// Not a size, or out of range.
    BadSize = "bad-size", Error;
    /// Not a number, or out of range.
    BadNumber = "bad-number", Error;
    /// Not a name that a network interface can have.
    BadInterface = "bad-interface", Error;
    /// Not an address to listen on.
    BadListen = "bad-listen", Error;
    /// Not a URL, or not one that can stand there.
    BadUrl = "bad-url", Error;
    /// Not an absolute path.
    BadPath = "bad-path", Error;

    // Names and what they stand for.
    /// A name defined twice.
    DuplicateName = "duplicate-name", Error;
    /// A MAC address on two devices of one VLAN.
    DuplicateMac = "duplicate-mac", Error;
    /// An IP address on two devices.
    DuplicateAddress = "duplicate-address", Error;
    /// A network within another of the same list.
    OverlappingNetworks = "overlapping-networks", Error;
    /// A name that nothing has.
    UnknownName = "unknown-name", Error;
    /// A device that is neither a host nor a group, or both.
    DeviceOrGroup = "device-or-group", Error;
    /// Profiles that include each other.
    IncludeCycle = "include-cycle", Error;
    /// What a maker discloses names another profile as that.
    DisclosedChain = "disclosed-chain", Error;
    /// Peer sets that contain each other.
    PeerCycle = "peer-cycle", Error;
    /// A device used as a peer has no address.
    PeerWithoutAddress = "peer-without-address", Error;
    /// A DNS name where only addresses can stand.
    MisplacedDnsName = "misplaced-dns-name", Error;
    /// The policy has more peers than a gateway can hold.
    TooManyPeers = "too-many-peers", Error;

    // Rules and profiles.
    /// A profile that allows nothing.
    EmptyAllowList = "empty-allow-list", Error;
    /// A rule without `to` and `from`, or with both.
    RuleDirection = "rule-direction", Error;
    /// A rule without a protocol.
    MissingProtocol = "missing-protocol", Error;
    /// Part of a rule that another part of it covers.
    RedundantClause = "redundant-clause", Error;
    /// A rule that an earlier one covers.
    UnreachableRule = "unreachable-rule", Error;
    /// A group whose profile lets nobody speak to it.
    DeafGroup = "deaf-group", Error;
    /// A rule that no frame can match.
    IneffectiveRule = "ineffective-rule", Error;
    /// A rule whose end has come.
    ExpiredRule = "expired-rule", Warning;
    /// A rule for DNS names whose devices may not ask for them.
    UnaskedDnsName = "unasked-dns-name", Error;
    /// A service that needs servers has none.
    MissingServers = "missing-servers", Error;
    /// A device without a mode.
    MissingMode = "missing-mode", Error;
    /// A peer set that nothing uses.
    UnusedPeerSet = "unused-peer-set", Warning;
    /// A calendar that nothing uses.
    UnusedCalendar = "unused-calendar", Warning;
    /// A profile that nothing uses.
    UnusedProfile = "unused-profile", Warning;
    /// A policy too large for the search for unreachable rules.
    CheckLimited = "check-limited", Warning;

    // The gateway.
    /// An interface on two ports.
    DuplicateInterface = "duplicate-interface", Error;
    /// More wires, segments and uplinks of the router than a gateway has.
    TooManyWires = "too-many-wires", Error;
    /// A device on a wire that the gateway does not have.
    UnknownWire = "unknown-wire", Error;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_kebab_case() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{name}"
            );
        }
    }
}
