//! The question.

use std::net::IpAddr;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    diag,
    service::state::{MacBytes, Opener, Vlans},
    unit::{self, icmp::Family, moment::Moment},
};

/// A conversation that somebody wonders about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    /// The device.
    pub subject: Subject,
    /// Who opens the conversation.
    pub opener: Opener,
    /// The other side: the name of a device or peer set, an address, or a DNS name that the device was told.
    pub peer: String,
    /// What is spoken.
    pub service: Service,
    /// VLANs of the frames; none: the device's.
    pub vlans: Option<Vlans>,
    /// Wire that they come in on; none: the device's, or the first.
    pub wire: Option<String>,
    /// The device's own address; none: those bound to it.
    pub address: Option<IpAddr>,
    /// When; none: now.
    pub at: Option<Moment>,
}

/// Which device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// By its name in the policy.
    Name(String),
    /// By its MAC, listed or not.
    Mac(MacBytes),
}

/// Protocol, and what is asked of the responder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// TCP to this port.
    Tcp(u16),
    /// UDP to this port.
    Udp(u16),
    /// ICMP in IPv4.
    Icmp(IcmpMessage),
    /// ICMPv6.
    Icmpv6(IcmpMessage),
    /// A protocol without ports, by number.
    Other(u8),
}

/// Type and code of an ICMP message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IcmpMessage {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
}

/// A question that can't be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Neither or both of name and MAC.
    #[error("say which device: its name, or its MAC")]
    OneSubject,
    /// An initiator that is none.
    #[error("`{0}` opens no conversation: the initiator is `device` or `peer`")]
    Initiator(String),
    /// A MAC that is none.
    #[error("bad MAC `{text}`: {source}")]
    Mac {
        /// What was given.
        text: String,
        /// Why it is none.
        source: unit::mac::MacError,
    },
    /// A VLAN that is none.
    #[error("bad VLAN `{text}`: {source}")]
    Vlan {
        /// What was given.
        text: String,
        /// Why it is none.
        source: unit::vlan::VlanError,
    },
    /// A group cannot open a conversation.
    #[error("`{0}` is a group, which opens no conversation: ask who may speak to it")]
    GroupOpens(String),
    /// A time that is none.
    #[error(
        "`{0}` is not a date and time: as in `2027-01-31T18:00Z`, or in the policy's time zone `2027-01-31T18:00`"
    )]
    Time(String),
    /// Local time that nobody knows the place of.
    #[error("`{0}` is local time, and the policy has no `time_zone`: say `{0}Z` for UTC")]
    LocalTime(String),
    /// A time that rules cannot have.
    #[error("`{0}` is out of range: from 1970 to 2106")]
    TimeRange(String),
    /// No protocol of this name or number.
    #[error(
        "`{0}` is not an IP protocol: tcp, udp, icmp, icmpv6, a name such as `esp`, or a number from 0 to 255"
    )]
    Protocol(String),
    /// TCP or UDP without a port.
    #[error("{0} needs a port")]
    PortMissing(&'static str),
    /// A port that is none.
    #[error("`{0}` is not a port: a number from 1 to 65535")]
    Port(String),
    /// A port for a protocol that has none.
    #[error("protocol {0} has no ports")]
    PortNotPossible(u8),
    /// An ICMP type that is none.
    #[error(
        "`{text}` is not a type of {protocol} message: a name such as `echo-request`, a number `8`, or type and code `3/4`{}",
        did_you_mean(.closest.as_ref())
    )]
    Icmp {
        /// What was given.
        text: String,
        /// `ICMP` or `ICMPv6`.
        protocol: &'static str,
        /// What may have been meant.
        closest: Option<String>,
    },
    /// No such device.
    #[error("the policy lists no device `{name}`{}", did_you_mean(.closest.as_ref()))]
    UnknownDevice {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        closest: Option<String>,
    },
    /// No such peer.
    #[error("`{name}` is neither an address nor a device or peer set of the policy{}", did_you_mean(.closest.as_ref()))]
    UnknownPeer {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        closest: Option<String>,
    },
    /// A DNS name that the device does not know.
    #[error(
        "`{name}` is no address, device or peer set of the policy{}, and `{device}` was told no address of it: a device has to ask one of the policy's DNS servers for a name first, and the running agent alone knows what it was told (`names`, `learned`)",
        did_you_mean(.closest.as_ref())
    )]
    NotTold {
        /// The device.
        device: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        closest: Option<String>,
    },
    /// No such wire.
    #[error("the gateway has no wire `{name}`{}", did_you_mean(.closest.as_ref()))]
    UnknownWire {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        closest: Option<String>,
    },
    /// A device that has no address to be reached at.
    #[error("device `{0}` has no address in the policy: give one instead of its name")]
    PeerWithoutAddress(String),
    /// Both sides have no address family in common.
    #[error("`{peer}` has no address that {service} and the device's own addresses could go with")]
    NoCommonFamily {
        /// The other side.
        peer: String,
        /// What is spoken.
        service: String,
    },
}

fn did_you_mean(closest: Option<&String>) -> String {
    closest
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

impl Query {
    /// Whether the other side may be meant by a DNS name.
    pub fn asks_for_a_name(&self) -> bool {
        super::peer::dns_name(&self.peer).is_some()
    }

    /// The second of the wall clock (UTC) that is asked about, and that moment; `zone` is where local time is meant.
    pub(super) fn second(
        &self,
        zone: Option<&TimeZone>,
    ) -> Result<Option<(u32, Timestamp)>, QueryError> {
        let Some(at) = self.at else {
            return Ok(None);
        };
        let moment = match at {
            Moment::Exact(moment) => moment,
            Moment::Local(time) => zone
                .ok_or_else(|| QueryError::LocalTime(time.to_string()))?
                .to_timestamp(time)
                .map_err(|_beyond| QueryError::TimeRange(time.to_string()))?,
            Moment::Day(day) => return Err(QueryError::Time(day.to_string())),
        };
        match u32::try_from(moment.as_second()) {
            Ok(second) if second != 0 => Ok(Some((second, moment))),
            _ => Err(QueryError::TimeRange(moment.to_string())),
        }
    }
}

impl Service {
    /// Reads protocol and port as people write them.
    pub fn parse(protocol: &str, port: Option<&str>) -> Result<Self, QueryError> {
        let number = unit::protocol::parse(protocol)
            .ok_or_else(|| QueryError::Protocol(protocol.to_owned()))?;
        match number {
            6 => Ok(Self::Tcp(read_port("tcp", port)?)),
            17 => Ok(Self::Udp(read_port("udp", port)?)),
            1 => read_icmp(Family::V4, port).map(Self::Icmp),
            58 => read_icmp(Family::V6, port).map(Self::Icmpv6),
            other if port.is_none() => Ok(Self::Other(other)),
            other => Err(QueryError::PortNotPossible(other)),
        }
    }

    /// IP protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp(_) => 6,
            Self::Udp(_) => 17,
            Self::Icmp(_) => 1,
            Self::Icmpv6(_) => 58,
            Self::Other(number) => number,
        }
    }

    /// Protocol by name, else by number.
    pub fn protocol(self) -> String {
        unit::protocol::format(self.number())
    }

    /// Port or ICMP type as people write it; none where there is none.
    pub fn port(self) -> Option<String> {
        match self {
            Self::Tcp(port) | Self::Udp(port) => Some(port.to_string()),
            Self::Icmp(message) => Some(icmp_words(Family::V4, message)),
            Self::Icmpv6(message) => Some(icmp_words(Family::V6, message)),
            Self::Other(_) => None,
        }
    }

    /// `tcp 3613`.
    pub fn words(self) -> String {
        match self.port() {
            Some(port) => format!("{} {port}", self.protocol()),
            None => format!("protocol {}", self.protocol()),
        }
    }
}

fn read_port(protocol: &'static str, text: Option<&str>) -> Result<u16, QueryError> {
    let text = text.ok_or(QueryError::PortMissing(protocol))?;
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(|| QueryError::Port(text.to_owned()))
}

/// Without a type: an echo request, which is what people mean by "icmp". Without a code: 0.
fn read_icmp(family: Family, text: Option<&str>) -> Result<IcmpMessage, QueryError> {
    let text = text.unwrap_or("echo-request");
    let (kind, code) = family.parse(text).ok_or_else(|| QueryError::Icmp {
        text: text.to_owned(),
        protocol: family.name(),
        closest: diag::closest(text, family.names()).map(str::to_owned),
    })?;
    Ok(IcmpMessage {
        kind,
        code: code.unwrap_or(0),
    })
}

/// A type that has a name for all of its codes goes by it when the code is the usual one.
fn icmp_words(family: Family, message: IcmpMessage) -> String {
    let exact = family.format(message.kind, Some(message.code));
    if message.code == 0 && exact.contains('/') {
        family.format(message.kind, None)
    } else {
        exact
    }
}
