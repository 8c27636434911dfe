//! Another policy on a gateway that runs: from the command to its answer, when the policy is in force, written down and noted.

use std::{fs, time::Instant};

use xiot_agent::model::policy::Mode;
use xiot_tests::net::{gateway::Gateway, rig::Rig};

use super::agent::{binary, resident, subject};
use crate::{
    effort::{Effort, Run},
    report::Report,
    rig::{frames::Family, site::Site},
};

/// Changes on each site.
const CHANGES: usize = 9;

pub(crate) fn run(effort: &Effort, report: &mut Report) {
    let sizes: &[u32] = if effort.run == Run::Smoke {
        &[1_000]
    } else {
        &[10_000, 100_000]
    };
    for &devices in sizes {
        eprintln!("  reloads of {devices} devices");
        let site = Site {
            devices,
            ..Site::new(1_000, Family::Ipv4)
        };
        reloads(&site, report);
    }
}

fn reloads(site: &Site, report: &mut Report) {
    let rig = Rig::new();
    rig.quiet();
    let policy = site.yaml(Mode::Enforce);
    let config = format!(
        "capacity: {{devices: {}, policy: 64MiB}}\n",
        site.devices.max(16_384)
    );
    let gateway = Gateway::start_configured(&rig, binary(), &policy, &config, &[]);
    let subject = |what: &str| subject(site, what);
    let pid = gateway.id();
    report.measured(
        subject("resident after the start"),
        "MiB",
        &[resident(pid, "VmRSS:")],
    );
    let timed = |args: &[&str]| {
        let begun = Instant::now();
        let output = gateway.command(args);
        let took = begun.elapsed().as_secs_f64();
        assert!(output.status.success(), "{args:?}: {output:?}");
        (took, output.stdout)
    };
    let (mut looks, mut loads) = (Vec::new(), Vec::new());
    for change in 1..=CHANGES {
        fs::write(rig.file("policy.yaml"), changed(&policy, change)).expect("it is ours");
        looks.push(timed(&["apply", "--dry-run"]).0);
        let (took, answer) = timed(&["reload", "--json"]);
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("it is JSON");
        assert_eq!(answer["applied"], true, "{answer}");
        loads.push(took);
    }
    report.measured(subject("apply --dry-run, one profile changed"), "s", &looks);
    report.measured(subject("reload, one profile changed"), "s", &loads);
    report.measured(
        subject("resident after the reloads"),
        "MiB",
        &[resident(pid, "VmRSS:")],
    );
}

/// The policy with a rule more in one of its profiles.
fn changed(policy: &str, profile: usize) -> String {
    const ALLOW: &str = "    allow:\n";
    let (at, _) = policy
        .match_indices(ALLOW)
        .nth(profile)
        .expect("there are more profiles than changes");
    let (before, after) = policy.split_at(at + ALLOW.len());
    format!("{before}      - {{to: 192.0.2.1, tcp: {profile}}}\n{after}")
}
