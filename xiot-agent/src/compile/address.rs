//! Addresses as numbers, of either family, and names as their hashes: what the peer tables file.

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};
use xiot_common::{
    name::{NAME_V4, NAME_V6, name_key},
    table::{mask4, mask6, peer4_key, peer6_key},
};

use super::{
    error::Family,
    names,
    slot::{Narrow, Wide},
};
use crate::model::policy::{Profile, Rule};

/// An address in host order, or a name.
pub(super) trait Address: Copy + Ord {
    /// How its table files it.
    type Slot;
    /// Its family.
    const FAMILY: Family;
    /// The prefix length of a single address.
    const FULL: u8;
    /// First addresses and prefix lengths of what the rule names of this kind.
    fn named_by(rule: &Rule) -> impl Iterator<Item = (Self, u8)>;
    /// The network that starts here in words.
    fn words(self, prefix: u8, profile: &Profile) -> String;
    /// The last address of the network that starts here.
    fn last(self, prefix: u8) -> Self;
    /// Its upper and lower 64 bits.
    fn halves(self) -> (u64, u64);
    /// Files a payload under the network that starts here.
    fn slot(self, scope: u32, prefix: u8, payload: u32) -> Self::Slot;
}

/// An address of a network.
pub(super) trait Ip: Address {
    /// First address and prefix length of a network of this family.
    fn network_of(network: &IpNetwork) -> Option<(Self, u8)>;
    /// The network that starts here.
    fn network(self, prefix: u8) -> IpNetwork;
}

impl Address for u32 {
    type Slot = Narrow;
    const FAMILY: Family = Family::V4;
    const FULL: u8 = 32;

    fn named_by(rule: &Rule) -> impl Iterator<Item = (Self, u8)> {
        rule.peers.iter().filter_map(Self::network_of)
    }

    fn words(self, prefix: u8, _profile: &Profile) -> String {
        self.network(prefix).to_string()
    }

    fn last(self, prefix: u8) -> Self {
        self | !mask4(Self::MAX, prefix)
    }

    fn halves(self) -> (u64, u64) {
        (0, self.into())
    }

    fn slot(self, scope: u32, prefix: u8, payload: u32) -> Narrow {
        Narrow::new(peer4_key(scope, self, prefix), payload)
    }
}

impl Ip for u32 {
    fn network_of(network: &IpNetwork) -> Option<(Self, u8)> {
        match network {
            IpNetwork::V4(v4) => Some((mask4(v4.ip().to_bits(), v4.prefix()), v4.prefix())),
            IpNetwork::V6(_) => None,
        }
    }

    fn network(self, prefix: u8) -> IpNetwork {
        IpNetwork::V4(Ipv4Network::new_checked(self.into(), prefix).expect("prefix is 0 to 32"))
    }
}

impl Address for u128 {
    type Slot = Wide;
    const FAMILY: Family = Family::V6;
    const FULL: u8 = 128;

    fn named_by(rule: &Rule) -> impl Iterator<Item = (Self, u8)> {
        rule.peers.iter().filter_map(Self::network_of)
    }

    fn words(self, prefix: u8, _profile: &Profile) -> String {
        self.network(prefix).to_string()
    }

    fn last(self, prefix: u8) -> Self {
        let (high, low) = mask6(u64::MAX, u64::MAX, prefix);
        self | !join(high, low)
    }

    fn halves(self) -> (u64, u64) {
        let bytes = self.to_be_bytes();
        let halves = bytes.as_chunks().0;
        (u64::from_be_bytes(halves[0]), u64::from_be_bytes(halves[1]))
    }

    fn slot(self, scope: u32, prefix: u8, payload: u32) -> Wide {
        let (high, low) = self.halves();
        Wide::new(peer6_key(scope, high, low, prefix), payload)
    }
}

impl Ip for u128 {
    fn network_of(network: &IpNetwork) -> Option<(Self, u8)> {
        match network {
            IpNetwork::V4(_) => None,
            IpNetwork::V6(v6) => {
                let (high, low) = v6.ip().to_bits().halves();
                let (high, low) = mask6(high, low, v6.prefix());
                Some((join(high, low), v6.prefix()))
            }
        }
    }

    fn network(self, prefix: u8) -> IpNetwork {
        IpNetwork::V6(Ipv6Network::new_checked(self.into(), prefix).expect("prefix is 0 to 128"))
    }
}

/// The addresses of one family that a name has, by its hash.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Named<const V6: bool>(u64);

impl<const V6: bool> Address for Named<V6> {
    type Slot = Wide;
    const FAMILY: Family = if V6 { Family::V6 } else { Family::V4 };
    const FULL: u8 = 128;

    fn named_by(rule: &Rule) -> impl Iterator<Item = (Self, u8)> {
        let names = rule.names.iter();
        names.map(|name| (Self(names::hash(name)), Self::FULL))
    }

    fn words(self, _prefix: u8, profile: &Profile) -> String {
        let mut names = profile.rules.iter().flat_map(|rule| &rule.names);
        let found = names.find(|name| names::hash(name) == self.0);
        found.map_or_else(String::new, ToString::to_string)
    }

    fn last(self, _prefix: u8) -> Self {
        self
    }

    fn halves(self) -> (u64, u64) {
        (self.0, if V6 { NAME_V6 } else { NAME_V4 })
    }

    fn slot(self, scope: u32, _prefix: u8, payload: u32) -> Wide {
        let (hash, part) = self.halves();
        Wide::new(name_key(scope, hash, part), payload)
    }
}

fn join(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_cleared_and_families_kept_apart() {
        let v4: IpNetwork = "10.1.2.3/8".parse().unwrap();
        assert_eq!(u32::network_of(&v4), Some((0x0a00_0000, 8)));
        assert_eq!(u128::network_of(&v4), None);
        let v6: IpNetwork = "fd00::1:2:3:4/72".parse().unwrap();
        assert_eq!(
            u128::network_of(&v6),
            Some((0xfd00_0000_0000_0000_0000_0000_0000_0000, 72))
        );
        assert_eq!(u32::network_of(&v6), None);
    }

    #[test]
    fn last_addresses_at_both_ends() {
        assert_eq!(0_u32.last(0), u32::MAX);
        assert_eq!(0x0a00_0000_u32.last(32), 0x0a00_0000);
        assert_eq!(0x0a00_0000_u32.last(9), 0x0a7f_ffff);
        assert_eq!(0_u128.last(0), u128::MAX);
        assert_eq!(5_u128.last(128), 5);
        assert_eq!((1_u128 << 64).last(64), (1 << 65) - 1);
    }
}
