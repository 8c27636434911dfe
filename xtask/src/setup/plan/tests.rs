//! Plans for whole machines.

use super::machines::{
    bpf_linker, check, check_blocked, complete, fresh, nightly, pinned, rust, system_rust,
};
use super::{Plan, plan};
use crate::setup::Needs;
use crate::setup::facts::Facts;
use crate::setup::step::{NEXTEST, Step};
use crate::setup::tools::TOOLS;
use crate::toolchain;

#[test]
fn nothing_is_done_where_nothing_is_missing() {
    assert_eq!(plan(&complete(), Needs::ALL, &[]), Plan::default());
}

#[test]
fn a_command_gets_only_what_it_needs() {
    let facts = Facts {
        missing_components: vec!["clippy"],
        missing_tools: Vec::new(),
        nextest: None,
        ..complete()
    };
    check(&facts, Needs::BUILD, &[], &[]);
    check(&facts, Needs::DEMO, &[], &[]);
    check(&facts, Needs::LINT, &[], &["rustup component add clippy"]);
    check(&facts, Needs::TEST, &[], &["cargo install cargo-nextest"]);
}

#[test]
fn a_fresh_machine_first_tries_the_pinned_nightly() {
    let expected = [
        "component add",
        "apt-get install",
        "toolchain install nightly-2",
        "nextest",
        "mount",
    ];
    check(&fresh(), Needs::ALL, &[], &expected);
}

#[test]
fn without_root_and_sudo_the_command_is_told() {
    let facts = Facts {
        is_root: false,
        missing_tools: TOOLS.iter().filter(|tool| tool.program == "nmap").collect(),
        ..complete()
    };
    // The command is shown for the user who runs this test, root or not.
    check_blocked(
        &facts,
        Needs::DEMO,
        &[],
        &["nmap", "the port scan", "run: apt-get install"],
    );
    let facts = Facts {
        has_sudo: true,
        ..facts
    };
    check(
        &facts,
        Needs::DEMO,
        &[],
        &["apt-get install --no-install-recommends nmap"],
    );
}

#[test]
fn without_apt_the_packages_are_told() {
    let facts = Facts {
        has_apt: false,
        missing_tools: TOOLS.iter().collect(),
        ..complete()
    };
    check_blocked(
        &facts,
        Needs::DEMO,
        &[],
        &["package manager", "iproute2", "dnsmasq-base"],
    );
}

#[test]
fn a_step_that_failed_is_not_tried_again() {
    let facts = Facts {
        nextest: Some("0.9.98".to_owned()),
        ..complete()
    };
    check(&facts, Needs::TEST, &[], &["cargo-nextest"]);
    check_blocked(
        &facts,
        Needs::TEST,
        &[Step::InstallNextest],
        &["cargo install cargo-nextest"],
    );
}

/// Plays a machine on which every step does what it says, or fails where `fails` says so.
fn play(mut facts: Facts, fails: impl Fn(&Step) -> bool) -> (Facts, Plan) {
    let mut tried = Vec::new();
    loop {
        let next = plan(&facts, Needs::ALL, &tried);
        if next.steps.is_empty() {
            return (facts, next);
        }
        for step in next.steps {
            assert!(!tried.contains(&step), "tried twice: {step:?}");
            if !fails(&step) {
                act(&mut facts, &step);
            }
            tried.push(step);
        }
    }
}

fn act(facts: &mut Facts, step: &Step) {
    match step {
        Step::AddSource { .. } => facts.toolchains = vec![nightly(22, true)],
        Step::InstallNightly => facts.toolchains.push(pinned(true)),
        Step::LinkSystemRust => facts.toolchains.push(rust("xiot-bpf", "1.96.0", 22, true)),
        Step::InstallLinker { llvm } => facts.linker = Some(bpf_linker(*llvm)),
        Step::InstallNextest => facts.nextest = Some(NEXTEST.to_owned()),
        Step::AddComponents(_) => facts.missing_components.clear(),
        Step::AddClippy { .. } => facts.has_bpf_clippy = true,
        Step::MountBpffs => facts.has_bpffs = true,
        Step::Packages { names, .. } if names[0].starts_with("llvm") => facts.llvm.push(22),
        Step::Packages { names, .. } if names[0] == "rustc-web" => {
            facts.has_bpf_clippy = true;
            facts.system_rust = Some(system_rust(22));
        }
        Step::Packages { .. } => facts.missing_tools.clear(),
    }
}

#[test]
fn a_fresh_machine_is_completed_with_nightly_and_without() {
    let (facts, end) = play(fresh(), |_| false);
    assert_eq!(end, Plan::default());
    assert_eq!(
        facts.bpf_toolchain().map(|found| found.name).as_deref(),
        Some(toolchain::PINNED)
    );

    let (facts, end) = play(fresh(), |step| *step == Step::InstallNightly);
    assert_eq!(end, Plan::default());
    assert_eq!(
        facts.bpf_toolchain().map(|found| found.name).as_deref(),
        Some("xiot-bpf")
    );
}

#[test]
fn a_machine_where_all_fails_ends_with_everything_told() {
    let (_, end) = play(fresh(), |_| true);
    let told: Vec<_> = end
        .blocked
        .iter()
        .map(|piece| piece.remedy.as_str())
        .collect();
    let told = told.join("\n");
    for remedy in ["component add", "nmap", "toolchain install", "mount"] {
        assert!(told.contains(remedy), "{told}");
    }
}

#[test]
fn nothing_is_compiled_for_minutes_before_telling_what_somebody_else_has_to_do() {
    let facts = Facts {
        is_root: false,
        missing_tools: TOOLS.iter().collect(),
        nextest: None,
        ..complete()
    };
    check_blocked(&facts, Needs::TEST, &[], &["apt-get install"]);
    let facts = Facts {
        has_sudo: true,
        ..facts
    };
    check(&facts, Needs::TEST, &[], &["apt-get", "cargo-nextest"]);
}
