//! Bridges that are a wire and nothing else: they say nothing of their own.

use std::io;

use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{
        AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoBridge, InfoData, InfoKind, LinkAttribute,
        LinkFlags, LinkInfo, LinkMessage,
    },
};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::{NetlinkError, create, link::find, request};

/// Link-local groups that a bridge may be told to send on (IEEE 802.1Q, table 8-1), LLDP and 802.1X among them: all but those of
/// spanning trees, pause frames and link aggregation, which Linux keeps.
const LINK_LOCAL_GROUPS: u16 = 0xfff8;

/// Makes a bridge of this name, which is up. It has no address, asks nothing of anybody, and takes no part in spanning trees.
pub(in crate::datapath) fn create_bridge(name: &str, alias: &str) -> Result<(), NetlinkError> {
    let failed = |source| NetlinkError {
        what: "make a bridge",
        source,
    };
    let mut message = LinkMessage::default();
    message.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Bridge),
            LinkInfo::Data(InfoData::Bridge(vec![
                InfoBridge::MulticastSnooping(false),
                InfoBridge::GroupFwdMask(LINK_LOCAL_GROUPS),
            ])),
        ]),
    ];
    create(NETLINK_ROUTE, RouteNetlinkMessage::NewLink(message)).map_err(failed)?;
    let Some(bridge) = find(name)? else {
        return Err(failed(io::ErrorKind::NotFound.into()));
    };
    silence(bridge.ifindex).map_err(failed)?;
    let mut message = LinkMessage::default();
    message.header.index = bridge.ifindex;
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    // Linux does not take it where something is made.
    message
        .attributes
        .push(LinkAttribute::IfAlias(alias.to_owned()));
    request(NETLINK_ROUTE, RouteNetlinkMessage::SetLink(message))
        .map(drop)
        .map_err(failed)
}

/// Keeps IPv6 from giving it an address once it is up, and so from asking for routers. Where there is no IPv6 there is nothing to keep.
fn silence(ifindex: u32) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = ifindex;
    message
        .attributes
        .push(LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(
            vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)],
        )]));
    match request(NETLINK_ROUTE, RouteNetlinkMessage::SetLink(message)) {
        Err(error) if error.raw_os_error() != Some(libc::EAFNOSUPPORT) => Err(error),
        _ => Ok(()),
    }
}

/// Makes an interface a member of another one; of none for 0.
pub(in crate::datapath) fn set_master(ifindex: u32, master: u32) -> Result<(), NetlinkError> {
    let mut message = LinkMessage::default();
    message.header.index = ifindex;
    message.attributes.push(LinkAttribute::Controller(master));
    request(NETLINK_ROUTE, RouteNetlinkMessage::SetLink(message))
        .map(drop)
        .map_err(|source| NetlinkError {
            what: "put an interface into a bridge",
            source,
        })
}

/// Removes an interface that was made. Members of a bridge are free then.
pub(in crate::datapath) fn delete(ifindex: u32) -> Result<(), NetlinkError> {
    let mut message = LinkMessage::default();
    message.header.index = ifindex;
    request(NETLINK_ROUTE, RouteNetlinkMessage::DelLink(message))
        .map(drop)
        .map_err(|source| NetlinkError {
            what: "remove a bridge",
            source,
        })
}
