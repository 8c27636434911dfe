//! `check`: everything that is wrong with the files, without touching anything.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    exit::{Exit, OrExit as _, Outcome},
    findings, output,
    words::{bytes, count},
};
use crate::{
    diag::Finding,
    service::{
        clock,
        files::{self, Checked, Files, Unusable},
    },
};

/// Check both files offline: everything that is wrong with them, and whether the policy fits the gateway.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Gateway file: wires, sizes, addresses to listen on.
    #[arg(long, value_name = "FILE")]
    gateway: PathBuf,
    /// Policy file: peer sets, profiles, devices.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let now = clock::Now::read();
    let checked =
        files::check(&args.gateway, &args.policy, now.epoch_nanos()).or_exit(Exit::Usage)?;
    if args.json {
        output::print_json(&Report::new(&checked))?;
    } else {
        findings::print(&checked)?;
        output::print(&summary(&checked))?;
    }
    Ok(match checked.files {
        Ok(_) => Exit::Success,
        Err(_) => Exit::Findings,
    })
}

fn summary(checked: &Checked) -> String {
    let counts = |errors: usize, warnings: usize| {
        format!(
            "{}, {}",
            count(errors as u64, "error"),
            count(warnings as u64, "warning")
        )
    };
    let warnings = checked.gateway_report.warnings() + checked.policy_report.warnings();
    match &checked.files {
        Ok(files) => {
            let size = Size::of(files);
            let warned = match warnings {
                0 => String::new(),
                some => format!("; {}", count(some as u64, "warning")),
            };
            format!(
                "ok: {}, {}, {}; the policy takes {} of {}{warned}\n",
                count(size.devices, "device"),
                count(size.profiles, "profile"),
                count(size.rules, "rule"),
                bytes(size.image_bytes),
                bytes(size.capacity_bytes),
            )
        }
        Err(Unusable::Errors) => {
            let errors = checked.gateway_report.errors() + checked.policy_report.errors();
            format!("not usable: {}\n", counts(errors, warnings))
        }
        Err(Unusable::Compile(_)) => format!("not usable: {}\n", counts(1, warnings)),
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    ok: bool,
    findings: Vec<Finding>,
    /// Why the policy can't be compiled, though its file has no errors.
    compile_error: Option<String>,
    size: Option<Size>,
}

#[derive(Serialize)]
struct Size {
    devices: u64,
    profiles: u64,
    rules: u64,
    image_bytes: u64,
    capacity_bytes: u64,
}

impl Size {
    fn of(files: &Files) -> Self {
        const LINE: u64 = 64;
        let header = &files.image.header;
        Self {
            devices: header.device_count.into(),
            profiles: files.policy.profiles.len() as u64,
            rules: header.rule_count.into(),
            image_bytes: u64::from(header.lines) * LINE,
            capacity_bytes: u64::from(files.gateway.capacity.slot_lines) * LINE,
        }
    }
}

impl Report {
    fn new(checked: &Checked) -> Self {
        let mut findings = checked.gateway_report.findings();
        findings.extend(checked.policy_report.findings());
        Self {
            ok: checked.files.is_ok(),
            findings,
            compile_error: match &checked.files {
                Err(Unusable::Compile(error)) => Some(error.to_string()),
                Ok(_) | Err(Unusable::Errors) => None,
            },
            size: checked.files.as_ref().ok().map(Size::of),
        }
    }
}
