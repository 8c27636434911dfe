//! Attacks on the link itself, against guards. The attacker is in mode `learn`: what its guards let pass arrives.

mod addresses;
mod arp;
mod dhcp;
mod links;
mod neighbours;
mod routers;
mod storms;
mod watched;

use xiot_agent::netns::link::Mac as MacText;
use xiot_tests::{
    frame::Mac,
    net::rig::{HOST_PORT, Host},
    until::until,
};

use crate::{attempt::tool, bystander::beside, ground::Site};

/// A device of another ward's wire.
const ELSEWHERE: Mac = [0x02, 0, 0, 0, 0x30, 17];
/// On the device side, in mode `enforce`.
const CART: Mac = [0x02, 0, 0, 0, 0x30, 18];
/// Everybody.
const ALL: Mac = [0xff; 6];
/// All nodes.
const ALL6: Mac = [0x33, 0x33, 0, 0, 0, 1];

/// The other device's addresses.
const MONITOR4: &str = "10.30.1.13";
const MONITOR6: &str = "fd00:30::d";
/// An address of a device on VLAN 20.
const SCANNER4: &str = "10.30.1.14";

/// The server is listed too: so its addresses are known to be its own.
const POLICY: &str = r#"
onboarding: learn
uplink_addresses: [10.30.1.254, "fd00:30::fe"]
peer_sets:
  pump-server: [10.30.1.1, "fd00:30::1"]
  archive: [10.30.1.2, 10.30.1.3]
profiles:
  infusion-pump:
    services: [arp, nd, dhcp]
    allow:
      - {to: pump-server, tcp: 3613, udp: 3613, icmp: echo-request, icmpv6: echo-request}
  monitor:
    timeouts: {udp-unreplied: 1h}
    services: [arp, nd]
    allow:
      - {to: archive, tcp: 104, udp: 9}
      - {from: archive, udp: 9}
devices:
  - {name: pump, mac: "02:00:00:00:30:0c", ip: [10.30.1.12, "fd00:30::c"], profile: infusion-pump, mode: learn}
  - {name: monitor, mac: "02:00:00:00:30:0d", ip: [10.30.1.13, 10.30.1.15, "fd00:30::d"], profile: monitor, mode: enforce}
  - {name: scanner, mac: "02:00:00:00:30:0e", vlan: 20, ip: 10.30.1.14, profile: infusion-pump, mode: enforce}
  - {name: server, mac: "02:00:00:00:30:01", ip: [10.30.1.1, "fd00:30::1"], profile: infusion-pump, mode: enforce}
  - {name: elsewhere, mac: "02:00:00:00:30:11", wire: ward-9, ip: 10.30.1.17, profile: infusion-pump, mode: enforce}
  - {name: bed, mac: "02:00:00:00:30:10", profile: infusion-pump, mode: learn}
  - {name: cart, mac: "02:00:00:00:30:12", ip: 10.30.1.18, profile: infusion-pump, mode: enforce}
"#;

/// Where the attacks of this directory take place.
const WARD: Site<'_> = Site {
    policy: POLICY,
    wires: &["ward-9"],
    gateway: "grace: 0s\n",
};

/// A host that is attacked, with a kernel that lives and believes what it is told.
struct Victim(Host);

impl Drop for Victim {
    /// Takes the interface away at once: its namespace goes later, and the next victim has the same MAC.
    fn drop(&mut self) {
        let gone = self.0.namespace.ip(&format!("link delete {HOST_PORT}"));
        if let Err(error) = gone {
            println!("{error}");
        }
    }
}

impl Victim {
    /// Brings one up on the side of a host of the rig.
    fn beside(host: &Host, last: u8) -> Self {
        Self(beside(host, "victim", [0x02, 0, 0, 0, 0x30, last], last))
    }

    /// The same with IPv6, and duplicate address detection where that is told.
    fn with_ipv6(self, detects: bool) -> Self {
        let space = &self.0.namespace;
        let last = self.0.mac[5];
        let settings = [
            ("ipv6/conf/eth0/accept_dad", if detects { "1" } else { "0" }),
            ("ipv6/neigh/eth0/retrans_time_ms", "400"),
            ("ipv6/conf/eth0/router_solicitation_delay", "0"),
            ("ipv6/conf/eth0/disable_ipv6", "0"),
        ];
        for (setting, value) in settings {
            space.set(setting, value).unwrap();
        }
        space
            .address(HOST_PORT, &format!("fd00:30::{last:x}/64"))
            .unwrap();
        self
    }

    /// It has spoken with this neighbour before.
    fn knows(&self, address: &str, mac: Mac) {
        let mac = MacText(mac);
        self.0.ip(&format!(
            "neigh replace {address} lladdr {mac} dev {HOST_PORT} nud stale"
        ));
    }

    /// It takes this MAC for the one of the address.
    #[track_caller]
    fn believes(&self, address: &str, mac: Mac) {
        let (said, is_so) = self.asked(address, mac);
        assert!(is_so, "{address}: {said}");
    }

    /// It does before long.
    #[track_caller]
    fn comes_to_believe(&self, address: &str, mac: Mac) {
        until("another MAC in a neighbour table", || {
            self.asked(address, mac).1.then_some(())
        });
    }

    /// What it says of the address, and whether that is this MAC.
    #[track_caller]
    fn asked(&self, address: &str, mac: Mac) -> (String, bool) {
        let said = tool(
            &self.0,
            "ip",
            &format!("neigh show {address} dev {HOST_PORT}"),
        );
        let mac = format!("lladdr {} ", MacText(mac));
        let is_so = said.contains(&mac);
        (said, is_so)
    }
}
