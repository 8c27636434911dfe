//! Values as people write them: durations, moments, sizes, MAC addresses, DNS names, ports, VLANs, names of protocols and Ethernet types.
//!
//! Each has a `parse` from text with an error that says what is wrong with the text, not where it stands.

pub mod dns_name;
pub mod duration;
pub mod ethertype;
pub mod hex;
pub mod icmp;
pub mod mac;
pub mod moment;
pub mod mud_url;
pub mod port;
pub mod protocol;
pub mod size;
pub mod vlan;
