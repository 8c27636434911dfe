//! The surfaces of a running agent on a real wire: commands, control socket, metrics, and its refusals to start. One
//! process per test (nextest), each with namespaces of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test that called them"
)]

mod access;
mod agent;
mod alerts;
mod apart;
mod audit;
mod binary;
mod bindings;
mod boot;
#[cfg(feature = "bpf-log")]
mod bpf_log;
mod chaos;
mod commands;
mod compare;
mod crash;
mod dashboard;
mod decide;
mod disk;
mod explain;
mod fail_mode;
mod generate;
mod guards;
mod health;
mod learned;
mod left;
mod many;
mod metrics;
mod names;
mod observed;
mod privileges;
mod prometheus;
mod promote;
mod refusals;
mod reload;
mod resized;
mod restart;
mod revisions;
mod simulate;
mod supervisor;
mod takeover;
mod times;
mod told;
mod traces;
mod trial;
mod unlisted;

/// The agent.
const AGENT: &str = env!("CARGO_BIN_EXE_xiot-agent-under-test");

/// What the rig's device may do: ping its uplink and speak to it on TCP 3613.
const POLICY: &str = r#"onboarding: learn
peer_sets:
  server: [10.30.1.1, "fd00:30::1"]
profiles:
  pump:
    allow:
      - {to: server, tcp: 3613, icmp: echo-request, icmpv6: echo-request}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0c", ip: [10.30.1.12, "fd00:30::c"], profile: pump, mode: enforce}
"#;
