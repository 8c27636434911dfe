//! The ward's files.

use std::fs;

use anyhow::{Context as _, Result};

use super::hospital::{Hospital, WIRES};

/// Name of the gateway file.
pub(super) const GATEWAY: &str = "gateway.yaml";
/// Name of the policy file.
pub(super) const POLICY: &str = "policy.yaml";
/// Name of the policy file with a mistake in it.
pub(super) const TYPO: &str = "typo.yaml";

/// Where the gateway serves metrics, within its namespace.
pub(super) const METRICS: &str = "127.0.0.1:9469";

/// Day one: nothing is listed, nothing is blocked.
pub(super) const LEARN: &str = "onboarding: learn\n";

/// What the ward needs, and no more.
pub(super) const ENFORCE: &str = r#"onboarding: enforce

peer_sets:
  pump-server:  [10.20.8.11]
  workstations: [10.20.5.21]

profiles:
  infusion-pump:
    criticality: life-sustaining
    services: [arp]
    allow:
      - {to: pump-server, tcp: 3613, note: "vendor disclosure 2023-07"}
      - {from: workstations, tcp: 8000-8009, icmp: echo-request, owner: biomed}
  patient-monitor:
    criticality: high
    services: [arp]
    allow:
      - {to: workstations, tcp: 2575, note: "HL7 results"}
  ventilator:
    criticality: life-sustaining
    services: [arp]
    allow:
      - {to: pump-server, tcp: 3613}

devices:
  - {name: pump-icu-12, mac: "00:03:b1:00:00:12", ip: 10.30.1.12, profile: infusion-pump, location: ICU-3, mode: enforce, wire: ward-3}
  - {name: monitor-icu-20, mac: "00:09:fb:00:00:20", ip: 10.30.1.20, profile: patient-monitor, location: ICU-3, mode: enforce, wire: ward-3}
  - {name: vent-icu-30, mac: "00:30:e6:00:00:30", ip: 10.40.1.30, profile: ventilator, location: ICU-4, mode: enforce, wire: ward-4}
"#;

/// [`ENFORCE`] with two slips of the pen.
pub(super) fn typo() -> String {
    ENFORCE
        .replace(
            "{to: pump-server, tcp: 3613, note",
            "{to: pump-sever, tcp: 3613, note",
        )
        .replace("tcp: 2575, note", "tpc: 2575, note")
}

/// The gateway file.
pub(super) fn gateway(hospital: &Hospital) -> String {
    let wires = WIRES
        .map(|(name, device, uplink)| {
            format!("  - {{name: {name}, device: {device}, uplink: {uplink}}}\n")
        })
        .concat();
    format!(
        "wires:\n{wires}xdp: native\nmetrics: {METRICS}\ncontrol: {{socket: {}}}\npins: {}\n\
         events: {{per-sender: 100, per-cpu: 1000}}\n",
        hospital.scratch.path().join("control.sock").display(),
        hospital.scratch.bpf().join("xiot").display(),
    )
}

/// Writes a file of the gateway.
pub(super) fn write(hospital: &Hospital, name: &str, text: &str) -> Result<()> {
    let path = hospital.scratch.path().join(name);
    fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{ENFORCE, typo};

    #[test]
    fn the_typo_is_one_line_with_each_slip() {
        let (right, wrong) = (ENFORCE.lines(), typo());
        let changed: Vec<_> = right.zip(wrong.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(changed.len(), 2);
    }
}
