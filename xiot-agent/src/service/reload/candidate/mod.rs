//! What may come into force: the files as they are, a policy that was sent, a revision that was in force before.

use super::{ReloadError, gateway};
use crate::{
    model::{self, Loaded, gateway::Gateway},
    service::{
        files::{self, Both, Files, Seen},
        guards,
        keeper::Keeper,
    },
    store::Record,
};

/// What is to come into force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Candidate {
    /// Both files of the agent.
    Files,
    /// The gateway file of the agent, with the policy in force.
    Gateway,
    /// A policy that was sent, with the gateway file of the agent.
    Policy {
        /// What the file is called, for messages.
        file: String,
        /// Its bytes.
        text: Vec<u8>,
    },
    /// What this revision had; none: the one before that in force.
    Revision(Option<u64>),
}

/// It, read and checked, and what is odd about it.
pub(super) struct Read {
    pub(super) both: Both,
    pub(super) remark: Option<String>,
    /// The revision that it is of.
    pub(super) revision: Option<u64>,
}

impl Candidate {
    /// What of the files is to be loaded that are these now, where the policy in force was put there when they were those; none: nothing. A
    /// policy file that is as it was then was not wanted then, whatever the gateway file says by now.
    pub(in crate::service) fn of_news(Seen(now): &Seen, then: &[String; 2]) -> Option<Self> {
        if now[1] != then[1] {
            Some(Self::Files)
        } else if now[0] != then[0] {
            Some(Self::Gateway)
        } else {
            None
        }
    }

    /// Reads it. What takes a restart is refused, but in a revision that was in force before: its gateway file is left out then.
    pub(super) fn read(
        &self,
        keeper: &mut Keeper,
        old: &Files,
        has_guards: bool,
    ) -> Result<Read, ReloadError> {
        let both = match self {
            Self::Files => files::read_both(&old.paths)?,
            Self::Gateway => with_policy_in_force(keeper, old)?,
            Self::Policy { file, text } => Both::of(
                files::read_gateway(&old.paths.gateway)?,
                model::load_policy(file, text.clone()),
            ),
            Self::Revision(number) => return revision(*number, keeper, old, has_guards),
        };
        if let Some(gateway) = both.gateway() {
            fits(old, gateway, has_guards)?;
        }
        Ok(Read {
            both,
            remark: None,
            revision: None,
        })
    }
}

fn revision(
    number: Option<u64>,
    keeper: &mut Keeper,
    old: &Files,
    has_guards: bool,
) -> Result<Read, ReloadError> {
    let record = match number {
        Some(number) => keeper.get(number)?.ok_or(ReloadError::NoRevision(number))?,
        None => before(keeper)?,
    };
    let texts = keeper.texts(&record)?;
    let policy = model::load_policy(&record.policy.file, texts.policy.as_bytes());
    let its = model::load_gateway(&record.gateway.file, texts.gateway.as_bytes());
    let refused = its
        .value
        .as_ref()
        .and_then(|gateway| fits(old, gateway, has_guards).err());
    let (gateway, remark) = match refused {
        None => (its, None),
        Some(refused) => (
            gateway_in_force(keeper, old, has_guards)?,
            Some(format!(
                "the gateway file of revision {} is left out ({refused})\n",
                record.number
            )),
        ),
    };
    Ok(Read {
        both: Both::of(gateway, policy),
        remark,
        revision: Some(record.number),
    })
}

/// That which was in force before what is.
fn before(keeper: &mut Keeper) -> Result<Record, ReloadError> {
    if let Some(trial) = keeper.trial() {
        let record = keeper.get(trial.back_to)?;
        return record.ok_or(ReloadError::NoRevision(trial.back_to));
    }
    let now = keeper.in_force().map_or(u64::MAX, |record| record.number);
    let (records, _) = keeper.list(usize::MAX)?;
    let mut older = records.into_iter().filter(|record| record.number < now);
    older
        .find(|record| record.applied.is_some())
        .ok_or(ReloadError::NothingBefore)
}

fn with_policy_in_force(keeper: &mut Keeper, old: &Files) -> Result<Both, ReloadError> {
    let gateway = files::read_gateway(&old.paths.gateway)?;
    let Some(record) = keeper.in_force().cloned() else {
        return Ok(files::read_both(&old.paths)?);
    };
    let texts = keeper.texts(&record)?;
    let policy = model::load_policy(&record.policy.file, texts.policy.as_bytes());
    Ok(Both::of(gateway, policy))
}

/// The gateway file of the revision in force, or where that was never written down, that on the disk.
fn gateway_in_force(
    keeper: &mut Keeper,
    old: &Files,
    has_guards: bool,
) -> Result<Loaded<Gateway>, ReloadError> {
    let fits = |loaded: &Loaded<Gateway>| match &loaded.value {
        Some(gateway) => fits(old, gateway, has_guards),
        None => Ok(()),
    };
    if let Some(record) = keeper.in_force().cloned() {
        let texts = keeper.texts(&record)?;
        let kept = model::load_gateway(&record.gateway.file, texts.gateway.as_bytes());
        if fits(&kept).is_ok() {
            return Ok(kept);
        }
    }
    let file = files::read_gateway(&old.paths.gateway)?;
    fits(&file)?;
    Ok(file)
}

/// Whether the running agent can take this gateway file.
fn fits(old: &Files, gateway: &Gateway, has_guards: bool) -> Result<(), ReloadError> {
    let keys = gateway::fixed_changes(&old.gateway, gateway);
    if !keys.is_empty() {
        return Err(ReloadError::Gateway {
            file: gateway.file.clone(),
            keys,
        });
    }
    if !has_guards && guards::needed(gateway).is_some() {
        return Err(ReloadError::Guards {
            file: gateway.file.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
