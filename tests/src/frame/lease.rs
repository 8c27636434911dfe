//! What DHCP servers and their clients say, in bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Mac;

/// DHCP: all before the options, from a server that gives this address.
pub fn reply(client: Mac, address: Ipv4Addr) -> Vec<u8> {
    let mut message = vec![2, 1, 6, 0, 0x12, 0x34, 0x56, 0x78];
    message.resize(16, 0);
    message.extend(address.octets());
    message.resize(28, 0);
    message.extend(client);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63]);
    message
}

/// DHCP: all before the options, from a client that has this address, or none.
pub fn request(client: Mac, address: Ipv4Addr) -> Vec<u8> {
    let mut message = reply(client, Ipv4Addr::UNSPECIFIED);
    message[0] = 1;
    message[12..16].copy_from_slice(&address.octets());
    message
}

/// DHCP: options 53 and 51 of a lease for so many seconds, and their end.
pub fn acknowledgement(seconds: u32) -> Vec<u8> {
    let mut options = vec![53, 1, 5, 51, 4];
    options.extend(seconds.to_be_bytes());
    options.push(255);
    options
}

/// `DHCPv6`: a message of this type with options.
pub fn message6(kind: u8, options: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, 0x12, 0x34, 0x56];
    message.extend(options);
    message
}

/// `DHCPv6`: an option.
///
/// # Panics
/// Where it is too long to be one.
pub fn option6(code: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("an option's length");
    let mut option = code.to_be_bytes().to_vec();
    option.extend(length.to_be_bytes());
    option.extend(value);
    option
}

/// `DHCPv6`: an IAADDR with these lifetimes.
pub fn address6(address: Ipv6Addr, valid: u32) -> Vec<u8> {
    let mut value = address.octets().to_vec();
    value.extend((valid / 2).to_be_bytes());
    value.extend(valid.to_be_bytes());
    option6(5, &value)
}

/// `DHCPv6`: an `IA_NA` with options.
pub fn association6(options: &[u8]) -> Vec<u8> {
    let mut value = vec![0, 0, 0, 1];
    value.resize(12, 0);
    value.extend(options);
    option6(3, &value)
}
