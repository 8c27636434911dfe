//! Real hosts on both sides of a wire, in network namespaces.

pub mod capture;
pub mod dnsmasq;
pub mod gateway;
pub mod rig;
pub mod router;
pub mod routes;
pub mod traffic;
