//! Values as people write them: durations, sizes, MAC addresses, ports, VLANs.
//!
//! Each has a `parse` from text with an error that says what is wrong with the text, not where it stands.

pub mod duration;
pub mod mac;
pub mod port;
pub mod size;
pub mod vlan;
