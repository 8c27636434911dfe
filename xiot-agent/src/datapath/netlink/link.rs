//! State and flags of interfaces (rtnetlink).

use std::{fmt, io};

use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{
        InfoKind, InfoPortKind, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkMessage,
        LinkXdp, XdpAttached,
    },
};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::{NetlinkError, request};

/// Where an XDP program sits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum XdpMode {
    /// In the driver.
    Native,
    /// In the network stack.
    Generic,
    /// In the network card.
    Offloaded,
    /// In more than one of them.
    Several,
}

impl fmt::Display for XdpMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Generic => "generic",
            Self::Offloaded => "offloaded",
            Self::Several => "several",
        })
    }
}

/// The XDP program of an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct XdpAttachment {
    /// Its id.
    pub(crate) program: u32,
    /// Where it sits.
    pub(crate) mode: XdpMode,
}

/// An interface that another one is a member of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Master {
    /// Its index.
    pub(crate) ifindex: u32,
    /// Its kind, such as `bridge` or `bond`.
    pub(crate) kind: String,
}

/// What the kernel says about an interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Link {
    /// Its index.
    pub(crate) ifindex: u32,
    /// Its name.
    pub(crate) name: String,
    /// Its kind, such as `veth`; none for hardware.
    pub(crate) kind: Option<String>,
    /// Whether it is an Ethernet interface.
    pub(crate) ethernet: bool,
    /// Whether it is a loopback interface.
    pub(crate) loopback: bool,
    /// Whether it is up.
    pub(crate) up: bool,
    /// Whether the other end of the cable is there.
    pub(crate) carrier: bool,
    /// Whether somebody asked by flag for all frames, whatever their destination.
    pub(crate) promiscuous: bool,
    /// Its MTU in bytes.
    pub(crate) mtu: u32,
    /// Its MAC; zeros where it has none of six bytes.
    pub(crate) mac: [u8; 6],
    /// The interface it is a member of.
    pub(crate) master: Option<Master>,
    /// Its XDP program.
    pub(crate) xdp: Option<XdpAttachment>,
}

/// The interface of this name; none if there is none.
pub(in crate::datapath) fn find(name: &str) -> Result<Option<Link>, NetlinkError> {
    let mut message = LinkMessage::default();
    message
        .attributes
        .push(LinkAttribute::IfName(name.to_owned()));
    get(message)
}

/// The interface of this index; none if there is none.
pub(in crate::datapath) fn find_index(ifindex: u32) -> Result<Option<Link>, NetlinkError> {
    let mut message = LinkMessage::default();
    message.header.index = ifindex;
    get(message)
}

/// Asks for all frames, or no longer.
pub(in crate::datapath) fn set_promiscuous(ifindex: u32, on: bool) -> Result<(), NetlinkError> {
    let mut message = LinkMessage::default();
    message.header.index = ifindex;
    message.header.change_mask = LinkFlags::Promisc;
    if on {
        message.header.flags = LinkFlags::Promisc;
    }
    request(NETLINK_ROUTE, RouteNetlinkMessage::SetLink(message))
        .map(drop)
        .map_err(|source| NetlinkError {
            what: "change the promiscuous flag",
            source,
        })
}

fn get(message: LinkMessage) -> Result<Option<Link>, NetlinkError> {
    match request(NETLINK_ROUTE, RouteNetlinkMessage::GetLink(message)) {
        Ok(answers) => Ok(answers.into_iter().find_map(|answer| {
            if let RouteNetlinkMessage::NewLink(message) = answer {
                Some(read(message))
            } else {
                None
            }
        })),
        Err(error) if is_missing(&error) => Ok(None),
        Err(source) => Err(NetlinkError {
            what: "read the state of an interface",
            source,
        }),
    }
}

/// The kernel answers `ENODEV`; `ERANGE` and `EINVAL` for names that no interface can have.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENODEV | libc::ERANGE | libc::EINVAL)
    )
}

fn read(message: LinkMessage) -> Link {
    let header = message.header;
    let mut link = Link {
        ifindex: header.index,
        name: String::new(),
        kind: None,
        ethernet: header.link_layer_type == LinkLayerType::Ether,
        loopback: header.flags.contains(LinkFlags::Loopback),
        up: header.flags.contains(LinkFlags::Up),
        carrier: header.flags.contains(LinkFlags::LowerUp),
        promiscuous: header.flags.contains(LinkFlags::Promisc),
        mtu: 0,
        mac: [0; 6],
        master: None,
        xdp: None,
    };
    let mut master = None;
    let mut master_kind = None;
    for attribute in message.attributes {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the other attributes do not matter here"
        )]
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::Mtu(mtu) => link.mtu = mtu,
            LinkAttribute::Address(address) => link.mac = address.try_into().unwrap_or_default(),
            LinkAttribute::Controller(ifindex) => master = Some(ifindex),
            LinkAttribute::Xdp(attributes) => link.xdp = read_xdp(&attributes),
            LinkAttribute::LinkInfo(infos) => {
                for info in infos {
                    match info {
                        LinkInfo::Kind(kind) => link.kind = Some(InfoKind::to_string(&kind)),
                        LinkInfo::PortKind(kind) => {
                            master_kind = Some(InfoPortKind::to_string(&kind));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    link.master = master.map(|ifindex| Master {
        ifindex,
        kind: master_kind.unwrap_or_default(),
    });
    link
}

fn read_xdp(attributes: &[LinkXdp]) -> Option<XdpAttachment> {
    let mode = attributes.iter().find_map(|attribute| {
        if let LinkXdp::Attached(attached) = attribute {
            xdp_mode(*attached)
        } else {
            None
        }
    })?;
    // With several programs there is no common id: any of them will do to say that they are there.
    let program = attributes.iter().find_map(|attribute| {
        if let LinkXdp::ProgId(id)
        | LinkXdp::DrvProgId(id)
        | LinkXdp::SkbProgId(id)
        | LinkXdp::HwProgId(id) = attribute
        {
            (*id != 0).then_some(*id)
        } else {
            None
        }
    })?;
    Some(XdpAttachment { program, mode })
}

fn xdp_mode(attached: XdpAttached) -> Option<XdpMode> {
    [
        (XdpAttached::Driver, XdpMode::Native),
        (XdpAttached::SocketBuffer, XdpMode::Generic),
        (XdpAttached::Hardware, XdpMode::Offloaded),
        (XdpAttached::Multiple, XdpMode::Several),
    ]
    .into_iter()
    .find_map(|(kernel, mode)| (kernel == attached).then_some(mode))
}

#[cfg(test)]
mod tests {
    use super::{LinkXdp, XdpAttached, XdpMode, find, find_index, read_xdp};

    #[test]
    fn the_loopback_interface_is_found_by_name_and_by_index() {
        let link = find("lo").unwrap().unwrap();
        assert!(link.loopback && !link.ethernet);
        assert_eq!((link.ifindex, link.master.is_none()), (1, true));
        assert_eq!(find_index(1).unwrap(), Some(link));
    }

    #[test]
    fn what_does_not_exist_is_not_found() {
        for name in [
            "xiot-none",
            "",
            "a name that is too long for any interface",
            "a/b",
        ] {
            assert_eq!(find(name).unwrap(), None, "{name}");
        }
        assert_eq!(find_index(0x7fff_fff0).unwrap(), None);
    }

    #[test]
    fn an_xdp_attachment_is_read() {
        let driver = [LinkXdp::Attached(XdpAttached::Driver), LinkXdp::ProgId(7)];
        let attachment = read_xdp(&driver).unwrap();
        assert_eq!((attachment.program, attachment.mode), (7, XdpMode::Native));
        let both = [
            LinkXdp::Attached(XdpAttached::Multiple),
            LinkXdp::DrvProgId(3),
            LinkXdp::SkbProgId(4),
        ];
        assert_eq!(read_xdp(&both).unwrap().mode, XdpMode::Several);
        assert_eq!(read_xdp(&[LinkXdp::Attached(XdpAttached::None)]), None);
    }
}
