//! A maker's MUD file as a profile of a policy, for one comparison: nothing of it is kept.

use std::path::Path;

use crate::{
    api::wire::{CompareQuery, Comparison},
    cli::{
        exit::{Exit, Failure},
        findings,
        mud::{MAX_BYTES, parse, read, told},
    },
    model::{edit, load_policy, policy::Policy},
    mud::import::{Imported, Site, import, profile_name},
    unit,
};

/// A policy as it is written.
pub(super) struct Base {
    pub(super) file: String,
    pub(super) text: String,
}

/// A policy with what a maker discloses in it.
pub(super) struct List {
    pub(super) policy: Base,
    /// The profile that says it.
    pub(super) profile: String,
    /// What of the file is not in it.
    pub(super) left_out: Vec<String>,
}

/// Adds what a MUD file says to a policy, under a name that nothing has. None: the policy has errors, which are printed.
pub(super) fn add(path: &Path, base: &Base, whose: &CompareQuery) -> Result<Option<List>, Failure> {
    let bytes = read(path, MAX_BYTES)?;
    let (file, meaning) = parse(path, &bytes)?;
    let loaded = load_policy(&base.file, base.text.clone());
    let Some(policy) = loaded.value else {
        findings::print_one(&loaded.report)?;
        return Ok(None);
    };
    let mut site = Site::of(&policy);
    let profile = free_name(profile_name(&file.mud.url), &policy);
    // What controls the devices controls them by whatever name their maker's list has here.
    let controllers = &mut site.mapping.my_controllers;
    let own = profile_of(&policy, whose).and_then(|own| controllers.get(own));
    if let Some(set) = own.cloned() {
        controllers.insert(profile.clone(), set);
    }
    let wrong = |error: &dyn std::fmt::Display| Failure {
        exit: Exit::Findings,
        error: anyhow::anyhow!("{}: {error}", path.display()),
    };
    let imported =
        import(&meaning, &file.mud.url, &profile, &site).map_err(|error| wrong(&error))?;
    let mut left_out: Vec<_> = meaning.unexpressed.iter().map(told).collect();
    let mut rules = known(&imported, &mut left_out);
    loop {
        let body = body(&imported, &rules);
        let text = edit::add_profile(&base.text, &profile, &body).map_err(|error| wrong(&error))?;
        let loaded = load_policy(&base.file, text.clone());
        if loaded.value.is_some() {
            return Ok(Some(List {
                policy: Base {
                    file: base.file.clone(),
                    text,
                },
                profile,
                left_out,
            }));
        }
        // What the policy language refuses here is no rule that could be compared.
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let before = rules.len();
        for finding in loaded.report.findings() {
            let line = (finding.line as usize).checked_sub(1);
            let line = line.and_then(|line| lines.get(line)).copied();
            rules.retain(|rule| {
                let is_it = line == Some(&*format!("- {rule}"));
                if is_it {
                    left_out.push(format!("not compared: {rule}: {}", finding.message));
                }
                !is_it
            });
        }
        if rules.len() == before {
            findings::print_one(&loaded.report)?;
            return Ok(None);
        }
    }
}

/// Rules of a maker's list stand in its file, at no line.
pub(super) fn point_to(comparison: &mut Comparison, file: &Path) {
    let profiles = comparison.profiles.iter_mut();
    for rule in profiles.flat_map(|it| &mut it.unused) {
        rule.rule.file = file.display().to_string();
        rule.rule.line = 0;
    }
}

fn free_name(name: String, policy: &Policy) -> String {
    let is_free = |name: &String| policy.profiles.iter().all(|it| it.name != *name);
    let others = (1_u32..).map(|n| format!("{name}-disclosed-{n}"));
    let mut names = std::iter::once(name.clone()).chain(others);
    names.find(is_free).unwrap_or(name)
}

/// Name of the profile that is compared.
fn profile_of<'p>(policy: &'p Policy, whose: &'p CompareQuery) -> Option<&'p str> {
    if let Some(profile) = &whose.profile {
        return Some(profile);
    }
    let name = whose.device.as_deref()?;
    let mac = unit::mac::parse(name).ok();
    let mut devices = policy.devices.iter();
    let device = devices.find(|it| it.name == name || mac == Some(it.mac))?;
    let profile = policy.profiles.get(device.profile)?;
    Some(&profile.name)
}

/// Rules about what the site knows.
fn known(imported: &Imported, left_out: &mut Vec<String>) -> Vec<String> {
    let mut rules = Vec::new();
    for rule in &imported.rules {
        let about = |peer: &str| {
            let mut starts = ["to", "from"].into_iter();
            starts.any(|direction| rule.starts_with(&format!("{{{direction}: {peer},")))
        };
        let set = imported.sets.iter().find(|set| about(&set.name));
        let is_name = ["{to: {dns:", "{from: {dns:"].map(|it| rule.starts_with(it));
        if let Some(set) = set {
            left_out.push(format!(
                "not compared: {rule}: `mud` of the policy does not say {}",
                set.holds
            ));
        } else if is_name.contains(&true) && imported.missing_servers.contains(&"dns") {
            left_out.push(format!(
                "not compared: {rule}: the policy lists no DNS servers"
            ));
        } else {
            rules.push(rule.clone());
        }
    }
    for service in &imported.missing_servers {
        if imported.services.contains(service) {
            left_out.push(format!(
                "not compared: service {service}: the policy lists no servers of it"
            ));
        }
    }
    rules
}

/// Lines of the profile.
fn body(imported: &Imported, rules: &[String]) -> Vec<String> {
    let services = imported.services.iter();
    let services: Vec<_> = services
        .filter(|it| !imported.missing_servers.contains(it))
        .copied()
        .collect();
    let mut body = vec![format!("services: [{}]", services.join(", "))];
    if !rules.is_empty() {
        body.push("allow:".to_owned());
    }
    body.extend(rules.iter().map(|rule| format!("  - {rule}")));
    body
}
