//! What of a MUD file is not in its conversations, and why.

use std::fmt;

/// Part of a file that conversations do not say, or say otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unexpressed {
    /// The list it stands in; none: it is about the file.
    pub list: Option<String>,
    /// The entry; none: it is about the list or the file.
    pub entry: Option<String>,
    /// Whether there is a conversation of the entry all the same, only not with this condition.
    pub kept: bool,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Unexpressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.list, &self.entry) {
            (Some(list), Some(entry)) => write!(f, "{entry} of {list}: ")?,
            (Some(list), None) => write!(f, "list {list}: ")?,
            (None, _) => {}
        }
        self.reason.fmt(f)
    }
}

/// Why something could not be expressed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    /// An extension of another module.
    #[error("`{0}` is an extension that is not known here")]
    Extension(String),
    /// The file says that it needs modules beyond those of the RFC.
    #[error("the file says that it needs the extension `{0}`, which is not known here")]
    Needs(String),
    /// A policy names a list that the file does not have.
    #[error(
        "the file has no list of this name, though its policy of what is sent {0} the device names it"
    )]
    NoList(&'static str),
    /// No policy names a list.
    #[error("no policy of the file names this list: it says nothing")]
    Unnamed,
    /// A condition that is not known.
    #[error("`{0}` is a condition that rules do not have")]
    Condition(String),
    /// Something else in an entry that is not known.
    #[error("`{0}` is not known here")]
    Unknown(String),
    /// Neither `accept`, `drop` nor `reject`.
    #[error("`{0}` is no way to treat a frame")]
    Action(String),
    /// Denies something before another entry allows it.
    #[error(
        "it denies, and entries after it allow: a profile has no exceptions, and what these entries allow it allows whole"
    )]
    Denies,
    /// Frames other than IP.
    #[error(
        "frames of type {0} are no matter of profiles: `ethertypes` of a wire in gateway.yaml lets types from 0x0600 on pass"
    )]
    EtherType(String),
    /// MAC addresses.
    #[error("rules know no MAC addresses: {0}")]
    Mac(String),
    /// Conditions that exclude each other.
    #[error("no frame is {0}")]
    Nothing(&'static str),
    /// Headers of IPv6 that are no protocols.
    #[error(
        "{0} is an extension header of IPv6 and no protocol of what it carries: no packet has it (RFC 8519)"
    )]
    ExtensionHeader(u8),
    /// What the device's own address is.
    #[error("it is about the device's own address: `ip` of the device binds that")]
    OwnAddress,
    /// Several conditions on the other side at once.
    #[error("the other side is to be several things at once: {0}")]
    SeveralPeers(String),
    /// Not a host's name.
    #[error("`{0}` is not the name of a single host")]
    Name(String),
    /// Not a network.
    #[error("`{0}` is not a network")]
    Network(String),
    /// A maker, model or class of services that is none.
    #[error("`{0}` is no URL, URI or host, as is wanted there")]
    Url(String),
    /// Ports that are none.
    #[error("`{0}` are no ports")]
    Ports(String),
    /// A word that is no direction.
    #[error("`{0}` is no direction: `from-device` or `to-device`")]
    Direction(String),
    /// ICMP without type.
    #[error("a code of ICMP without its type")]
    Code,
    /// Answers that nothing asks for.
    #[error("answers to echo requests pass with the requests, and no entry allows those")]
    Answers,
    /// The port that the opener sends from.
    #[error("rules know no source ports: every one is allowed in place of {0}")]
    SourcePorts(String),
}
