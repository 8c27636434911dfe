//! What policies cost the control plane, by size, beside nftables; and what a busy gateway costs the agent.

mod agent;
mod plane;
mod reload;
pub(crate) mod size;

use std::{env, process::Command};

use self::size::Sized;
use crate::{
    effort::{Effort, Run},
    report::{Report, Subject},
    rig::{frames::Family, site::Site},
    stats::over,
};

/// Policies of all sizes, each in processes of its own; then an agent.
pub(crate) fn run(effort: &Effort, report: &mut Report) {
    xiot_tests::cpu::roam();
    let [.., largest] = effort.rules;
    let mut sizes = effort.rules[1..].to_vec();
    if effort.run == Run::Full {
        sizes.insert(1, 10_000);
    } else {
        sizes = vec![largest];
    }
    for rules in sizes {
        let rounds = if rules > 100_000 { 3 } else { 5 };
        let shapes: &[bool] = if effort.is_full() && rules == largest {
            &[false, true]
        } else {
            &[false]
        };
        for is_separate in shapes {
            let site = Site {
                is_separate: *is_separate,
                ..Site::new(rules, Family::Ipv4)
            };
            let rounds = 0..rounds.min(effort.rounds);
            let taken: Vec<Sized> = rounds.map(|_round| in_a_process(&site)).collect();
            of_one_size(report, &site, &taken, rules == largest && !is_separate);
        }
    }
    if effort.is_full() {
        agent::run(effort, report);
        reload::run(effort, report);
    }
}

/// Peaks of memory are a process's: each measurement has one.
fn in_a_process(site: &Site) -> Sized {
    let shape = if site.is_separate { OWN } else { "" };
    eprintln!("  {} rules{shape}", site.rules);
    let bench = env::current_exe().expect("it is running");
    let output = Command::new(bench)
        .args(["--child", &site.rules.to_string()])
        .args(site.is_separate.then_some("--separate"))
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it prints its figures")
}

/// Said of sites whose devices share no profiles.
const OWN: &str = ", a profile for each device";

fn of_one_size(report: &mut Report, site: &Site, taken: &[Sized], is_largest: bool) {
    let shape = if site.is_separate { OWN } else { "" };
    let column = |of: fn(&Sized) -> &f64| -> Vec<f64> { taken.iter().map(of).copied().collect() };
    let flat =
        |of: fn(&Sized) -> &Vec<f64>| -> Vec<f64> { taken.iter().flat_map(of).copied().collect() };
    let compile = column(|it| &it.compile);
    let load = column(|it| &it.load);
    let swap = flat(|it| &it.swaps);
    let wait = flat(|it| &it.waits);
    let delta = flat(|it| &it.deltas);
    let nft = column(|it| &it.nft);
    let ours = column(|it| &it.all);
    for (scenario, configuration, unit, values) in [
        ("compile", "xiot", "s", &compile),
        ("load", "xiot", "s", &load),
        ("compile, load and swap", "xiot", "s", &ours),
        ("swap", "xiot", "s", &swap),
        ("wait for frames under judgement", "xiot", "s", &wait),
        ("one rule changed", "xiot", "s", &delta),
        ("peak memory", "xiot", "MiB", &column(|it| &it.memory)),
        ("compile, load and swap", "nft -f", "s", &nft),
        ("peak memory", "nft -f", "MiB", &column(|it| &it.nft_memory)),
    ] {
        let subject = Subject {
            suite: "control",
            scenario: format!("{scenario}{shape}"),
            configuration,
            rules: Some(site.rules),
            devices: Some(site.devices),
            ..Subject::default()
        };
        report.measured(subject, unit, values);
    }
    if is_largest {
        report.seconds("compile_1m", &compile);
        report.seconds("load_1m", &load);
        report.seconds("swap", &swap);
        report.seconds("delta", &delta);
        report.ratio("nft_load_over_ours_1m", &over(&nft, &ours));
    }
}
