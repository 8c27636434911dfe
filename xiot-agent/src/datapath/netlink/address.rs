//! Addresses of interfaces (rtnetlink).

use std::net::IpAddr;

use netlink_packet_route::{
    RouteNetlinkMessage,
    address::{AddressAttribute, AddressMessage},
};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::{NetlinkError, dump};

/// Every address, with the index of its interface.
pub(in crate::datapath) fn addresses() -> Result<Vec<(u32, IpAddr)>, NetlinkError> {
    let message = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    let answers = dump(NETLINK_ROUTE, message).map_err(|source| NetlinkError {
        what: "read the addresses of interfaces",
        source,
    })?;
    Ok(answers
        .into_iter()
        .filter_map(|answer| {
            let RouteNetlinkMessage::NewAddress(message) = answer else {
                return None;
            };
            let address = message.attributes.iter().find_map(|attribute| {
                if let AddressAttribute::Address(address) = attribute {
                    Some(*address)
                } else {
                    None
                }
            })?;
            Some((message.header.index, address))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::addresses;

    #[test]
    fn the_loopback_interface_has_its_address() {
        let all = addresses().unwrap();
        assert!(
            all.contains(&(1, IpAddr::V4(Ipv4Addr::LOCALHOST))),
            "{all:?}"
        );
    }
}
