//! What a change of policy would do: which rules, devices and settings it touches, and which conversations that are live right now it would
//! end. Nothing is put in force.

mod devices;
mod flows;
mod rules;
mod settings;

#[cfg(test)]
mod tests;

pub use self::{
    devices::{DeviceChange, Kind},
    flows::{Cut, CutFlow},
    rules::RuleChange,
};
use super::{
    clock::Now,
    guards,
    live::Live,
    reload::{self, Candidate, Prepared, ReloadError, changes},
    state::{Changes, Mark, RuleChanges},
};

/// What a change would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The policy in force that it was looked at with.
    pub base: Mark,
    /// File of the policy in force.
    pub before: String,
    /// File of the candidate.
    pub file: String,
    /// The revision that it is of.
    pub revision: Option<u64>,
    /// It is in force already.
    pub unchanged: bool,
    /// Devices, in numbers.
    pub devices: Changes,
    /// Which, those that lives depend on first.
    pub which_devices: Vec<DeviceChange>,
    /// Rules, in numbers.
    pub rules: RuleChanges,
    /// Which, by profile.
    pub which_rules: Vec<RuleChange>,
    /// What differs beside rules and devices, each in one line.
    pub settings: Vec<String>,
    /// Guards of some wire differ.
    pub guards: bool,
    /// Conversations.
    pub cut: Cut,
    /// What is odd about the candidate, in words; empty for nothing.
    pub warnings: String,
}

/// What this candidate would do.
pub(super) fn plan(live: &Live, what: &Candidate) -> Result<Plan, ReloadError> {
    let prepared = live
        .with_datapath(|datapath| reload::prepare(live, &mut live.keeper(), datapath, what))
        .unwrap_or(Err(ReloadError::Ending))?;
    let Prepared {
        old,
        before,
        both,
        remark,
        revision,
        same,
        ..
    } = prepared;
    let warnings = both.findings() + remark.as_deref().unwrap_or_default();
    let now = Now::read();
    let (new, fresh) = reload::compile_beside(both, &old, before.header.revision + 1, now)?;
    let guards = guards::of_wires(&old.gateway.wires) != guards::of_wires(&new.gateway.wires);
    Ok(Plan {
        base: reload::mark(&before),
        before: old.policy.file.clone(),
        file: new.policy.file.clone(),
        revision,
        unchanged: same,
        devices: changes::devices(&old, &new, &fresh.devices),
        which_devices: devices::changes(&old, &new, &fresh.devices),
        rules: changes::rules(old.ids.rules(), new.ids.rules(), &fresh.rules),
        which_rules: rules::changes(&old, &new),
        settings: settings::changes(&old.policy, &new.policy),
        guards,
        cut: flows::cut(live, &old, &new, guards)?,
        warnings,
    })
}
