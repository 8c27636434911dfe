//! Policies of the tests. The device of the rig is the pump, the host behind the uplink its server.

/// Everything is allowed between the pump and anybody, in both directions.
pub(crate) const OPEN: &str = r#"
onboarding: enforce
peer_sets:
  anybody: [0.0.0.0/0, "::/0"]
profiles:
  open:
    services: [arp, nd, dhcp]
    allow:
      - {to: anybody, protocol: any}
      - {from: anybody, protocol: any}
devices:
  - {name: pump, mac: "02:00:00:00:30:0c", profile: open, mode: enforce}
  - {name: pump-behind-100, mac: "02:00:00:00:30:0c", vlan: 100.30, profile: open, mode: enforce}
  - {name: pump-behind-1, mac: "02:00:00:00:30:0c", vlan: 1.2, profile: open, mode: enforce}
"#;

/// The pump may talk to its server on TCP 3613 and UDP 3613, the server may ping it and reach TCP 8000 to 8009.
pub(crate) const PUMP: &str = r#"
onboarding: enforce
peer_sets:
  pump-server: [10.30.1.1, "fd00:30::1"]
profiles:
  infusion-pump:
    services: [arp, nd, dhcp]
    allow:
      - {to: pump-server, tcp: 3613, udp: 3613}
      - {from: pump-server, tcp: 8000-8009, icmp: echo-request, icmpv6: echo-request}
devices:
  - {name: pump, mac: "02:00:00:00:30:0c", ip: [10.30.1.12, "fd00:30::c"], profile: infusion-pump, mode: enforce}
"#;

/// [`PUMP`] with the pump in another mode.
pub(crate) fn pump_in_mode(mode: &str) -> String {
    PUMP.replace("mode: enforce}", &format!("mode: {mode}}}"))
}

/// [`PUMP`] with another mode for devices that are not listed.
pub(crate) fn pump_onboarding(mode: &str) -> String {
    PUMP.replace("onboarding: enforce", &format!("onboarding: {mode}"))
}
