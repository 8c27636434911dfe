//! Which toolchain is taken on which machine.

use crate::setup::Needs;
use crate::setup::facts::{Facts, Linker};
use crate::setup::plan::machines::{
    add_source, bpf_linker, check, check_blocked, complete, distribution, nightly, pinned, rust,
    system_rust,
};
use crate::setup::plan::plan;
use crate::setup::step::Step;

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
fn where_no_nightly_can_be_had_the_distribution_s_rust_is_installed() {
    let mut facts = Facts {
        toolchains: Vec::new(),
        ..complete()
    };
    let expected = ["rustc-web cargo-web rust-web-src rust-web-clippy"];
    check(&facts, Needs::BUILD, &[Step::InstallNightly], &expected);
    facts.toolchains = vec![nightly(22, false)];
    let failed = [add_source(), Step::InstallNightly];
    check(&facts, Needs::BUILD, &failed, &expected);
}

#[test]
fn the_distribution_s_rust_is_linked_before_anything_is_fetched() {
    let facts = Facts {
        toolchains: Vec::new(),
        system_rust: Some(system_rust(22)),
        ..complete()
    };
    let expected = ["rustup toolchain link xiot-bpf /usr"];
    check(&facts, Needs::BUILD, &[], &expected);
}

#[test]
fn a_nightly_with_an_llvm_too_new_gives_way_to_the_pinned_one() {
    for has_source in [true, false] {
        let facts = Facts {
            toolchains: vec![nightly(24, has_source)],
            linker: None,
            ..complete()
        };
        let expected = ["toolchain install nightly-2"];
        check(&facts, Needs::BUILD, &[], &expected);
    }
}

#[test]
fn a_nightly_whose_llvm_is_not_packaged_gives_way_to_the_pinned_one() {
    let facts = Facts {
        toolchains: vec![nightly(23, true)],
        ..complete()
    };
    let llvm = plan(&facts, Needs::BUILD, &[]).steps;
    assert_eq!(llvm.len(), 1);
    check(
        &facts,
        Needs::BUILD,
        &llvm,
        &["toolchain install nightly-2"],
    );
}

#[test]
fn the_remedy_is_the_command_that_the_best_way_stopped_at() {
    let facts = Facts {
        toolchains: vec![pinned(true)],
        linker: None,
        llvm: Vec::new(),
        ..complete()
    };
    let llvm = plan(&facts, Needs::BUILD, &[]).steps;
    let failed = [llvm, vec![distribution()]].concat();
    let expected = ["compiler's LLVM 22", "run: apt-get install", "llvm-22-dev"];
    check_blocked(&facts, Needs::BUILD, &failed, &expected);
    let facts = Facts {
        is_root: false,
        ..facts
    };
    check_blocked(&facts, Needs::BUILD, &[], &expected);
}

#[test]
fn an_old_rust_of_the_distribution_is_refused_with_its_llvm() {
    let facts = Facts {
        toolchains: Vec::new(),
        system_rust: Some(system_rust(14)),
        ..complete()
    };
    let failed = [Step::InstallNightly, distribution()];
    let expected = ["has LLVM 14", "21 to 23", "run: rustup toolchain install"];
    check_blocked(&facts, Needs::BUILD, &failed, &expected);
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
