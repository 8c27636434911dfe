//! Next hops, and the kernel's search for their MACs (rtnetlink).

use std::{io, net::IpAddr};

use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    neighbour::{NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState},
    route::{RouteAddress, RouteAttribute, RouteMessage, RouteType},
};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::{NetlinkError, create, request};

/// Where the kernel sends what is for an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::datapath) struct NextHop {
    /// By this interface.
    pub(in crate::datapath) ifindex: u32,
    /// To this neighbour.
    pub(in crate::datapath) address: IpAddr,
}

/// The next hop on the way to an address; none if it is not sent anywhere.
pub(in crate::datapath) fn next_hop(address: IpAddr) -> Result<Option<NextHop>, NetlinkError> {
    let mut message = RouteMessage::default();
    message.header.address_family = family(address);
    message.header.destination_prefix_length = match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    let destination = RouteAttribute::Destination(RouteAddress::from(address));
    message.attributes.push(destination);
    let answers = match request(NETLINK_ROUTE, RouteNetlinkMessage::GetRoute(message)) {
        Ok(answers) => answers,
        Err(error) if is_no_route(&error) => return Ok(None),
        Err(source) => {
            return Err(NetlinkError {
                what: "ask for a route",
                source,
            });
        }
    };
    Ok(answers.into_iter().find_map(|answer| {
        if let RouteNetlinkMessage::NewRoute(message) = answer {
            read(&message, address)
        } else {
            None
        }
    }))
}

fn read(message: &RouteMessage, address: IpAddr) -> Option<NextHop> {
    if message.header.kind != RouteType::Unicast {
        return None;
    }
    let ifindex = message.attributes.iter().find_map(|attribute| {
        if let RouteAttribute::Oif(ifindex) = attribute {
            Some(*ifindex)
        } else {
            None
        }
    })?;
    let gateway = message.attributes.iter().find_map(|attribute| {
        if let RouteAttribute::Gateway(RouteAddress::Inet(v4)) = attribute {
            Some(IpAddr::V4(*v4))
        } else if let RouteAttribute::Gateway(RouteAddress::Inet6(v6)) = attribute {
            Some(IpAddr::V6(*v6))
        } else {
            None
        }
    });
    Some(NextHop {
        ifindex,
        address: gateway.unwrap_or(address),
    })
}

/// Unreachable, prohibited, blackhole, or no route at all.
fn is_no_route(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EHOSTUNREACH | libc::ENETUNREACH | libc::EACCES | libc::EINVAL)
    )
}

/// Has the kernel ask for a neighbour's MAC, as if it had something to send to it.
pub(in crate::datapath) fn ask_for(neighbour: NextHop) -> Result<(), NetlinkError> {
    let mut message = NeighbourMessage::default();
    message.header.family = family(neighbour.address);
    message.header.ifindex = neighbour.ifindex;
    message.header.state = NeighbourState::None;
    message.header.flags = NeighbourFlags::Use;
    let destination = NeighbourAttribute::Destination(neighbour.address.into());
    message.attributes.push(destination);
    create(NETLINK_ROUTE, RouteNetlinkMessage::NewNeighbour(message)).map_err(|source| {
        NetlinkError {
            what: "have the kernel ask for a neighbour",
            source,
        }
    })
}

const fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::next_hop;

    #[test]
    fn what_is_for_this_host_has_no_next_hop() {
        let own = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(next_hop(own).unwrap(), None);
    }
}
