//! `mud export`: a profile as a MUD file.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{
    super::{
        exit::{Exit, Failure, Outcome},
        output,
    },
    policy,
};
use crate::{
    diag::closest,
    model::{
        policy::Policy,
        written::{Profile, Written, written},
    },
    mud::{export::export, import::clean},
    unit::mud_url,
};

/// Print a profile as a MUD file.
///
/// The file is JSON on standard output. Peer sets that `mud` of the policy has a word for are written as that word, all others as the addresses in them. What a
/// file can't say is told on standard error.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    whose: Whose,
    /// Where the file will be found; the profile's `mud-url` where none is given.
    #[arg(long, value_name = "URL")]
    mud_url: Option<String>,
}

/// Whose profile.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The profile of this name.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The profile of this device.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let Some((policy, text)) = policy(&args.policy)? else {
        return Ok(Exit::Findings);
    };
    let written = written(&text).unwrap_or_default();
    let profile = profile(args, &policy, &written)?;
    let url = args.mud_url.as_ref();
    let url = url.or_else(|| policy.mud.urls.get(&profile.name));
    let url = url.ok_or_else(|| {
        let name = &profile.name;
        usage(format!(
            "profile `{name}` has no `mud-url`: say with --mud-url where the file will be found"
        ))
    })?;
    mud_url::authority(url).map_err(|error| usage(format!("`{}`: {error}", clean(url))))?;
    let exported = export(&policy, &written, profile, url, Timestamp::now());
    for one in &exported.unwritten {
        output::note(&format!("note: {one}"))?;
    }
    output::print_json(&exported.file)?;
    Ok(Exit::Success)
}

fn usage(what: String) -> Failure {
    Failure {
        exit: Exit::Usage,
        error: anyhow::anyhow!(what),
    }
}

/// The profile that is asked for.
fn profile<'w>(args: &Args, policy: &Policy, written: &'w Written) -> Result<&'w Profile, Failure> {
    let name = match (&args.whose.profile, &args.whose.device) {
        (Some(name), _) => name.as_str(),
        (None, device) => of_device(device.as_deref().unwrap_or_default(), policy)?,
    };
    written.profile(name).ok_or_else(|| {
        let profiles = written.profiles.iter();
        let names: Vec<_> = profiles.map(|profile| profile.name.as_str()).collect();
        unknown("profile", name, &names)
    })
}

/// Name of a device's profile.
fn of_device<'p>(name: &str, policy: &'p Policy) -> Result<&'p str, Failure> {
    let found = policy.devices.iter().find(|device| device.name == name);
    let profile = found.and_then(|device| policy.profiles.get(device.profile));
    profile.map(|profile| profile.name.as_str()).ok_or_else(|| {
        let devices = policy.devices.iter();
        let names: Vec<_> = devices.map(|device| device.name.as_str()).collect();
        unknown("device", name, &names)
    })
}

fn unknown(kind: &str, name: &str, names: &[&str]) -> Failure {
    let hint = closest(name, names.iter().copied())
        .map(|close| format!("; did you mean `{close}`?"))
        .unwrap_or_default();
    usage(format!("there is no {kind} `{}`{hint}", clean(name)))
}
