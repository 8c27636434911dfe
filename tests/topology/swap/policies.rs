//! Two policies that differ in one profile.

use xiot_agent::{
    compile::{Assignment, Image, Limits, compile},
    model::{self, policy::Policy},
};

use super::traffic::{CHANGING, DEVICES};

/// Room for both.
pub(super) const LIMITS: Limits = Limits {
    slot_lines: 1024,
    devices: 64,
    rules: 64,
};

/// Both, compiled one after the other as an agent does.
pub(super) struct Policies([Image; 2]);

impl Policies {
    pub(super) fn new() -> Self {
        let [allowing, denying] = [7000, 7001].map(policy);
        let ids = Assignment::fresh(&allowing);
        let (next, _) = ids.follow(&denying, &LIMITS).unwrap();
        let (back, _) = next.follow(&allowing, &LIMITS).unwrap();
        assert_eq!(back.devices(), ids.devices());
        let compile = |policy: &Policy, ids: &Assignment, revision| {
            compile(policy, &["ward-3".to_owned()], &LIMITS, ids, revision, 0).unwrap()
        };
        Self([compile(&allowing, &ids, 1), compile(&denying, &next, 2)])
    }

    /// What is in force after so many swaps.
    pub(super) fn image(&self, swaps: usize) -> &Image {
        &self.0[swaps % 2]
    }
}

/// Number of a stream's device. The host that has real conversations is the first one.
pub(super) fn number(device: usize) -> u32 {
    u32::try_from(device).unwrap() + 2
}

/// The policy in which the devices that change speak on this port.
fn policy(port: u16) -> Policy {
    use std::fmt::Write as _;
    let mut text = format!(
        "onboarding: enforce
profiles:
  steady:
    allow:
      - {{to: any, tcp: 3613, udp: [3614, 7000]}}
      - {{from: any, udp: 7000}}
  changing:
    allow:
      - {{to: any, udp: {port}}}
      - {{from: any, udp: {port}}}
devices:
  - {{name: host, mac: \"02:00:00:00:30:0c\", profile: steady, mode: enforce}}
"
    );
    for device in 0..DEVICES {
        let profile = if CHANGING.contains(&device) {
            "changing"
        } else {
            "steady"
        };
        writeln!(
            text,
            "  - {{name: device-{device}, mac: \"02:00:00:00:40:{device:02x}\", ip: 10.30.1.{}, profile: {profile}, mode: enforce}}",
            100 + device
        )
        .unwrap();
    }
    model::load_policy("swap.yaml", text).value.unwrap()
}
