//! The router on real traffic: hosts with stacks of their own on both sides of it, and the kernel's tables in between.

mod answers;
mod between;
mod frames;
mod neighbours;
mod screens;
mod uplink;

use std::net::IpAddr;

use xiot_tests::{
    net::{gateway::Gateway, rig::Host, router::RouterRig, traffic::ping_is_lost},
    until::until,
};

use crate::AGENT;

/// The pump may talk to its server and to both other devices; who may not, says the other side.
pub(crate) const POLICY: &str = r#"
onboarding: enforce
peer_sets:
  server:  [10.60.1.20, "fd00:60::20"]
  monitor: [10.40.1.13, "fd00:40::13"]
  scanner: [10.50.1.14, "fd00:50::14"]
  pump:    [10.40.1.12, "fd00:40::12"]
  routers: [10.40.1.1, "fd00:40::1"]
profiles:
  pump:
    services: [arp, nd]
    allow:
      - {to: server, tcp: 3613, udp: 3613, icmp: echo-request, icmpv6: echo-request}
      - {from: server, tcp: 8000, icmp: echo-request, icmpv6: echo-request}
      - {to: monitor, tcp: [9000, 9001], icmp: echo-request, icmpv6: echo-request}
      - {to: scanner, tcp: [9000, 9001], udp: 9000, icmp: echo-request, icmpv6: echo-request}
      - {to: routers, icmp: echo-request}
  other:
    services: [arp, nd]
    allow:
      - {from: pump, tcp: 9000, udp: 9000, icmp: echo-request, icmpv6: echo-request}
devices:
  - {name: pump, mac: "02:00:00:00:28:0c", ip: [10.40.1.12, "fd00:40::12"], wire: ward-7, profile: pump, mode: enforce}
  - {name: monitor, mac: "02:00:00:00:28:0d", ip: [10.40.1.13, "fd00:40::13"], wire: ward-7, profile: other, mode: enforce}
  - {name: scanner, mac: "02:00:00:00:32:0e", ip: [10.50.1.14, "fd00:50::14"], wire: ward-8, profile: other, mode: enforce}
"#;

/// Lets a host ping until it is answered: the first frame to a device that the gateway does not know yet is lost.
#[track_caller]
pub(crate) fn reach(from: &Host, to: IpAddr) {
    until(&format!("an answer of {to}"), || {
        (!ping_is_lost(from, to)).then_some(())
    });
}

/// Starts the agent on the router.
#[track_caller]
pub(crate) fn router(rig: &RouterRig) -> Gateway<'_> {
    Gateway::start(rig, AGENT, POLICY)
}
