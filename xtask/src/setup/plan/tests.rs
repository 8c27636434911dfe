//! Plans for machines of many kinds, none of which has to exist.

use std::path::PathBuf;

use super::*;
use crate::setup::facts::{Linker, SystemRust};
use crate::setup::tools::TOOLS;

/// A machine of root's with rustup and apt, and nothing else.
fn fresh() -> Facts {
    Facts {
        is_root: true,
        has_apt: true,
        has_rustup: true,
        missing_components: vec!["clippy", "rustfmt"],
        missing_tools: TOOLS.iter().collect(),
        ..Facts::default()
    }
}

/// A machine where nothing is missing, with the distribution's Rust.
fn complete() -> Facts {
    Facts {
        toolchains: vec![rust("xiot-bpf", "1.96.0", 22, true)],
        linker: Some(bpf_linker(22)),
        llvm: vec![22],
        has_bpf_clippy: true,
        missing_components: Vec::new(),
        nextest: Some(NEXTEST.to_owned()),
        missing_tools: Vec::new(),
        has_bpffs: true,
        ..fresh()
    }
}

fn rust(name: &str, release: &str, llvm: u32, has_source: bool) -> Toolchain {
    Toolchain {
        name: name.to_owned(),
        sysroot: PathBuf::from("/nowhere"),
        release: release.to_owned(),
        llvm,
        has_source,
    }
}

fn nightly(llvm: u32, has_source: bool) -> Toolchain {
    rust("nightly", "1.97.0-nightly", llvm, has_source)
}

fn bpf_linker(llvm: u32) -> Linker {
    Linker {
        version: LINKER.to_owned(),
        llvm: Some(llvm),
    }
}

fn add_source() -> Step {
    Step::AddSource {
        toolchain: "nightly".to_owned(),
    }
}

#[track_caller]
fn check(facts: &Facts, needs: Needs, failed: &[Step], expected: &[&str]) {
    let plan = plan(facts, needs, failed);
    let commands: Vec<_> = plan
        .steps
        .iter()
        .map(|step| shell::line(&step.command()))
        .collect();
    assert_eq!(
        commands.len(),
        expected.len(),
        "{commands:#?}, blocked: {:#?}",
        plan.blocked
    );
    for (command, expected) in commands.iter().zip(expected) {
        assert!(command.contains(expected), "{command} lacks {expected}");
    }
}

#[track_caller]
fn check_blocked(facts: &Facts, needs: Needs, failed: &[Step], expected: &[&str]) {
    let plan = plan(facts, needs, failed);
    assert_eq!(plan.steps, []);
    let blocked: Vec<_> = plan.blocked.iter().map(ToString::to_string).collect();
    assert_eq!(blocked.len(), 1, "{blocked:#?}");
    for expected in expected {
        assert!(
            blocked[0].contains(expected),
            "{} lacks {expected}",
            blocked[0]
        );
    }
}

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
fn a_fresh_machine_first_tries_nightly() {
    let expected = [
        "component add",
        "apt-get install",
        "toolchain install nightly",
        "nextest",
        "mount",
    ];
    check(&fresh(), Needs::ALL, &[], &expected);
}

#[test]
fn a_nightly_without_sources_gets_them() {
    let facts = Facts {
        toolchains: vec![nightly(22, false)],
        ..complete()
    };
    check(&facts, Needs::BUILD, &[], &["rust-src --toolchain nightly"]);
}

#[test]
fn a_nightly_with_sources_gets_llvm_then_the_linker_that_matches() {
    let mut facts = Facts {
        toolchains: vec![nightly(22, true)],
        linker: None,
        llvm: vec![19],
        ..complete()
    };
    check(
        &facts,
        Needs::BUILD,
        &[],
        &["apt-get install --no-install-recommends llvm-22-dev"],
    );
    facts.llvm = vec![19, 22];
    check(&facts, Needs::BUILD, &[], &["--features llvm-22"]);
}

#[test]
fn a_linker_of_another_llvm_is_replaced_and_one_that_can_not_be_told_is_kept() {
    let mut facts = Facts {
        linker: Some(bpf_linker(23)),
        ..complete()
    };
    check(&facts, Needs::BUILD, &[], &["cargo install bpf-linker"]);
    facts.linker = Some(Linker {
        llvm: None,
        ..bpf_linker(0)
    });
    check(&facts, Needs::BUILD, &[], &[]);
}

#[test]
fn where_nightly_can_not_be_had_the_distribution_s_rust_is_taken() {
    let mut facts = Facts {
        toolchains: Vec::new(),
        ..complete()
    };
    let failed = [Step::InstallNightly];
    check(
        &facts,
        Needs::BUILD,
        &failed,
        &["rustc-web cargo-web rust-web-src rust-web-clippy"],
    );
    facts.system_rust = Some(SystemRust {
        llvm: 22,
        has_source: true,
        has_cargo: true,
    });
    check(
        &facts,
        Needs::BUILD,
        &failed,
        &["rustup toolchain link xiot-bpf /usr"],
    );
    facts.toolchains = vec![nightly(22, false)];
    check(
        &facts,
        Needs::BUILD,
        &[add_source()],
        &["rustup toolchain link xiot-bpf /usr"],
    );
}

#[test]
fn a_nightly_with_an_llvm_too_new_gives_way_to_the_distribution_s_rust() {
    let facts = Facts {
        toolchains: vec![nightly(24, true)],
        linker: None,
        ..complete()
    };
    check(&facts, Needs::BUILD, &[], &["rustc-web"]);
}

#[test]
fn a_nightly_whose_llvm_is_not_packaged_gives_way_to_the_distribution_s_rust() {
    let facts = Facts {
        toolchains: vec![nightly(23, true)],
        ..complete()
    };
    let llvm = plan(&facts, Needs::BUILD, &[]).steps;
    assert_eq!(llvm.len(), 1);
    check(&facts, Needs::BUILD, &llvm, &["rustc-web"]);
}

#[test]
fn an_old_rust_of_the_distribution_is_refused_with_its_llvm() {
    let facts = Facts {
        toolchains: Vec::new(),
        system_rust: Some(SystemRust {
            llvm: 14,
            has_source: true,
            has_cargo: true,
        }),
        ..complete()
    };
    check_blocked(
        &facts,
        Needs::BUILD,
        &[Step::InstallNightly],
        &["has LLVM 14", "21 to 23"],
    );
}

#[test]
fn the_toolchain_that_the_environment_names_is_taken_or_refused() {
    let mut facts = Facts {
        wanted: Some("mine".to_owned()),
        ..complete()
    };
    check_blocked(&facts, Needs::BUILD, &[], &["XIOT_BPF_TOOLCHAIN=mine"]);
    facts
        .toolchains
        .push(rust("mine", "1.97.0-nightly", 22, true));
    check(&facts, Needs::BUILD, &[], &[]);
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
        &["nmap (the port scan", "apt-get install"],
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
fn without_rustup_its_installer_is_told() {
    let facts = Facts {
        has_rustup: false,
        toolchains: Vec::new(),
        ..complete()
    };
    check_blocked(
        &facts,
        Needs::BUILD,
        &[],
        &["rustup is missing", "rustup.rs"],
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

#[test]
fn without_clippy_for_bpf_lint_goes_on() {
    let facts = Facts {
        has_bpf_clippy: false,
        ..complete()
    };
    let steps = plan(&facts, Needs::LINT, &[]).steps;
    check(&facts, Needs::LINT, &[], &["rust-web-clippy"]);
    check(&facts, Needs::LINT, &steps, &[]);
    check(&facts, Needs::BUILD, &[], &[]);
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
        Step::AddSource { .. } | Step::InstallNightly => facts.toolchains = vec![nightly(22, true)],
        Step::LinkSystemRust => facts.toolchains.push(rust("xiot-bpf", "1.96.0", 22, true)),
        Step::InstallLinker { llvm } => facts.linker = Some(bpf_linker(*llvm)),
        Step::InstallNextest => facts.nextest = Some(NEXTEST.to_owned()),
        Step::AddComponents(_) => facts.missing_components.clear(),
        Step::AddClippy { .. } => facts.has_bpf_clippy = true,
        Step::MountBpffs => facts.has_bpffs = true,
        Step::Packages { names, .. } if names[0].starts_with("llvm") => facts.llvm.push(22),
        Step::Packages { names, .. } if names[0] == "rustc-web" => {
            facts.has_bpf_clippy = true;
            facts.system_rust = Some(SystemRust {
                llvm: 22,
                has_source: true,
                has_cargo: true,
            });
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
        Some("nightly")
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
    assert_eq!(end.blocked.len(), 5, "{:#?}", end.blocked);
}
