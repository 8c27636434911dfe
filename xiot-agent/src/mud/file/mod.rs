//! A MUD file as it is on disk: JSON by the YANG modules `ietf-mud` (RFC 8520), `ietf-access-control-list` (RFC 8519) and `ietf-acldns`.
//!
//! Files of the drafts before are read too: some makers never wrote others. Keys that are none of these are kept by name, so that nobody takes
//! for expressed what was not understood.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Keys that are not known, with what they say.
pub type Unknown = BTreeMap<String, Value>;

/// A MUD file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct File {
    /// What it is about.
    #[serde(rename = "ietf-mud:mud")]
    pub mud: Mud,
    /// What the device may do.
    #[serde(
        rename = "ietf-access-control-list:acls",
        alias = "ietf-access-control-list:access-lists"
    )]
    pub acls: Acls,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// The container `mud`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mud {
    /// 1 (RFC 8520, 3.1).
    #[serde(rename = "mud-version")]
    pub version: u8,
    /// Where the file is found.
    #[serde(rename = "mud-url")]
    pub url: String,
    /// Where its signature is.
    #[serde(rename = "mud-signature", skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// When it was made (RFC 3339).
    pub last_update: String,
    /// Hours for which it need not be fetched again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_validity: Option<u8>,
    /// Whether its maker still supports the device.
    pub is_supported: bool,
    /// The device in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub systeminfo: Option<String>,
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfg_name: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// Where it is described.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// Names of further modules that the file needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// Lists of what the device sends.
    pub from_device_policy: Policy,
    /// Lists of what is sent to it.
    pub to_device_policy: Policy,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Which lists hold in one direction.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// They.
    pub access_lists: Names,
}

/// Names of lists.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Names {
    /// They.
    #[serde(default)]
    pub access_list: Vec<Name>,
}

/// The name of a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Name {
    /// It.
    pub name: String,
}

/// All lists.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Acls {
    /// They.
    #[serde(default)]
    pub acl: Vec<Acl>,
}

/// One list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Acl {
    /// Its name.
    pub name: String,
    /// Of which protocols it is, such as `ipv4-acl-type`.
    #[serde(rename = "type", alias = "acl-type")]
    pub kind: String,
    /// Its entries.
    #[serde(alias = "access-list-entries")]
    pub aces: Aces,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Entries of a list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Aces {
    /// They.
    #[serde(default)]
    pub ace: Vec<Ace>,
}

/// One entry.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ace {
    /// Its name.
    #[serde(alias = "rule-name")]
    pub name: String,
    /// What it is about.
    pub matches: Matches,
    /// What is done with that.
    pub actions: Actions,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What is done.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Actions {
    /// `accept`, `drop` or `reject`.
    pub forwarding: String,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What an entry is about: all that is given must hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Matches {
    /// The Ethernet header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eth: Option<Ethernet>,
    /// The IPv4 header.
    #[serde(skip_serializing_if = "Option::is_none", alias = "ipv4-acl")]
    pub ipv4: Option<Ip>,
    /// The IPv6 header.
    #[serde(skip_serializing_if = "Option::is_none", alias = "ipv6-acl")]
    pub ipv6: Option<Ip>,
    /// The TCP header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Transport>,
    /// The UDP header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udp: Option<Transport>,
    /// The ICMP header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp: Option<Icmp>,
    /// Who the other side is, by what it is to the device.
    #[serde(rename = "ietf-mud:mud", skip_serializing_if = "Option::is_none")]
    pub mud: Option<Role>,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Fields of the Ethernet header.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ethernet {
    /// EtherType, such as `0x888e`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ethertype: Option<String>,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_mac_address: Option<String>,
    /// From whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_mac_address: Option<String>,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Fields of the IP header, and names that stand for addresses in it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ip {
    /// Number of the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u8>,
    /// To a host of this name.
    #[serde(
        rename = "ietf-acldns:dst-dnsname",
        skip_serializing_if = "Option::is_none"
    )]
    pub dst_dnsname: Option<String>,
    /// From one.
    #[serde(
        rename = "ietf-acldns:src-dnsname",
        skip_serializing_if = "Option::is_none"
    )]
    pub src_dnsname: Option<String>,
    /// To this network of IPv4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_ipv4_network: Option<String>,
    /// To this one of IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_ipv6_network: Option<String>,
    /// From this network of IPv4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ipv4_network: Option<String>,
    /// From this one of IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ipv6_network: Option<String>,
    /// Ports, where drafts had them.
    #[serde(
        alias = "destination-port-range-or-operator",
        skip_serializing_if = "Option::is_none"
    )]
    pub destination_port: Option<Ports>,
    /// The same of the sender.
    #[serde(
        alias = "source-port-range-or-operator",
        skip_serializing_if = "Option::is_none"
    )]
    pub source_port: Option<Ports>,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Fields of the TCP or UDP header.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Transport {
    /// To these ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<Ports>,
    /// From them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port: Option<Ports>,
    /// Who opens the connection: `from-device` or `to-device`.
    #[serde(
        rename = "ietf-mud:direction-initiated",
        skip_serializing_if = "Option::is_none"
    )]
    pub direction_initiated: Option<String>,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// One port or several.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Ports {
    /// From one to another.
    #[serde(rename_all = "kebab-case")]
    Range {
        /// The first.
        lower_port: u16,
        /// The last.
        upper_port: u16,
        /// `range`, which files write though the module has it not.
        #[serde(skip_serializing_if = "Option::is_none")]
        operator: Option<String>,
    },
    /// By comparison with one.
    One {
        /// `eq`, `neq`, `lte` or `gte`; without it `eq`.
        #[serde(skip_serializing_if = "Option::is_none")]
        operator: Option<String>,
        /// It.
        port: u16,
    },
}

/// Fields of the ICMP header.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Icmp {
    /// Type of the message.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<u8>,
    /// Its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Who the other side is. `[null]` stands for a leaf without a value (RFC 7951, 6.9).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    /// Devices whose MUD URLs have this authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Those whose URL has the authority of this one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "present")]
    pub same_manufacturer: Option<()>,
    /// Devices with this MUD URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Hosts of the site's own network.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "present")]
    pub local_networks: Option<()>,
    /// What serves this class of services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// What the site has to control devices with this URL.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "present")]
    pub my_controller: Option<()>,
    /// Anything else.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A leaf that has no value, and is there or not.
mod present {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_json::Value;

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Option<()>, D::Error> {
        // Files write `[null]`, `{}`, `true` or `""`.
        Value::deserialize(from).map(|_| Some(()))
    }

    #[expect(clippy::ref_option, reason = "this is what serde calls")]
    pub(super) fn serialize<S: Serializer>(_: &Option<()>, to: S) -> Result<S::Ok, S::Error> {
        [Value::Null].serialize(to)
    }
}

#[cfg(test)]
mod tests;
