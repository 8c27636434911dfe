//! Another policy while the gateway runs: as a whole or not at all, and every conversation that both policies allow goes on.

mod changes;
mod gateway;

use std::{sync::Arc, time::Instant};

use super::{
    clock::Now,
    faults::{Fault, Faults},
    files::{self, Checked, FileError, Files, Unusable},
    guards,
    live::Live,
    state::{Mark, Reloaded},
};
use crate::{
    compile::{CompileError, Fresh, Image},
    datapath::{Applied, ApplyError, Datapath, InForce, MapAccessError},
    diag::Style,
};

/// The files were not loaded; the policy that was in force still is.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A file can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file has errors: all of them, with their places.
    #[error("the files have errors, nothing was changed:\n\n{}", .0.trim_end())]
    Findings(String),
    /// What holds from a start on was changed.
    #[error(
        "{file}: {} changed, which takes a restart: start the agent anew (with --keep-attached no frame goes unjudged \
         meanwhile), or undo the change", list(.keys)
    )]
    Gateway {
        /// The gateway file.
        file: String,
        /// Keys whose values differ.
        keys: Vec<&'static str>,
    },
    /// The first guard was asked for.
    #[error(
        "{file}: the agent was started with all guards off and has no program for them, which takes a restart: start the agent \
         anew (with --keep-attached no frame goes unjudged meanwhile), or undo the change"
    )]
    Guards {
        /// The gateway file.
        file: String,
    },
    /// The policy can't be compiled for this gateway.
    #[error("{file}: {source}")]
    Compile {
        /// The policy file.
        file: String,
        /// Why not.
        source: CompileError,
    },
    /// The kernel did not take it.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// Counters can't be cleared.
    #[error("the maps of the XDP program can't be written")]
    Maps(#[from] MapAccessError),
    /// The agent is on its way down.
    #[error("the agent is ending")]
    Ending,
}

fn list(keys: &[&str]) -> String {
    let quoted: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    quoted.join(", ")
}

/// Loads the files again that the gateway runs with. One at a time: a second one waits.
pub(super) fn reload(live: &Live) -> Result<Reloaded, ReloadError> {
    live.with_datapath(|datapath| {
        let start = Instant::now();
        let old = live.files();
        let before = datapath.active().ok_or(ReloadError::Ending)?;
        let revision = before.header.revision + 1;
        let (new, fresh, warnings) = read(&old, revision, datapath.has_guards())?;
        let compiled = start.elapsed();

        let file = new.policy.file.clone();
        let devices = changes::devices(&old, &new, &fresh.devices);
        let rules = changes::rules(old.ids.rules(), new.ids.rules(), &fresh.rules);
        let applied = put_in_force(live, datapath, &old, new, &fresh)?;
        Ok(Reloaded {
            before: mark(&before),
            after: mark(&datapath.active().unwrap_or(before)),
            file,
            devices,
            rules,
            warnings,
            compiled,
            written: applied.written,
            settled: applied.settled,
        })
    })
    .unwrap_or(Err(ReloadError::Ending))
}

const fn mark(in_force: &InForce) -> Mark {
    Mark {
        digest: in_force.header.digest,
        revision: in_force.header.revision,
        epoch: in_force.epoch,
    }
}

/// Reads and compiles what follows these files; also what is odd about it.
fn read(
    old: &Files,
    revision: u64,
    has_guards: bool,
) -> Result<(Files, Fresh, String), ReloadError> {
    let both = files::read_both(&old.paths)?;
    if let Some(gateway) = both.gateway() {
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
    }
    let (checked, fresh) = both.follow(old, revision, Now::read().epoch_nanos());
    let Checked {
        gateway_report,
        policy_report,
        files,
    } = checked;
    let text = [&gateway_report, &policy_report].map(|report| report.render(Style::Plain));
    match files {
        Ok(files) => Ok((files, fresh, text.concat())),
        Err(Unusable::Errors) => Err(ReloadError::Findings(text.concat())),
        Err(Unusable::Compile(source)) => Err(ReloadError::Compile {
            file: policy_report.path().to_owned(),
            source,
        }),
    }
}

/// Whether the kernel has all of it already: only what people say about rules and devices may differ.
fn is_same(old: &Files, new: &Files) -> bool {
    let mut header = new.image.header;
    header.revision = old.image.header.revision;
    header.compiled_at = old.image.header.compiled_at;
    header == old.image.header
}

/// Sets the guards of these files, which the next epoch asks. A wire that had none has learned nothing: it settles from now on.
fn set_guards(datapath: &mut Datapath, old: &Files, new: &Files) -> Result<(), MapAccessError> {
    let settle = new.gateway.bindings_settle;
    let before = guards::of_wires(&old.gateway.wires);
    let after = guards::of_wires(&new.gateway.wires);
    for ((before, guards), wire) in before.iter().zip(&after).zip(0..) {
        if before.levels == 0 && guards.levels != 0 && !settle.is_zero() {
            datapath.set_settled(wire, Now::read().second_in(settle))?;
        }
        datapath.set_guards(wire, guards)?;
    }
    Ok(())
}

fn put_in_force(
    live: &Live,
    datapath: &mut Datapath,
    old: &Files,
    mut new: Files,
    fresh: &Fresh,
) -> Result<Applied, ReloadError> {
    datapath.clear_counters(&fresh.devices.free, &fresh.rules.free)?;
    // The new names know the old numbers too, and events of the new policy may come at once.
    let names = live.names();
    let next = names.follow(Arc::clone(&new.policy), Arc::clone(&new.ids));
    live.set_names(Arc::new(next));
    let guarded = guards::of_wires(&old.gateway.wires) != guards::of_wires(&new.gateway.wires);
    let applied = if is_same(old, &new) {
        new.image = Arc::clone(&old.image);
        if guarded {
            set_guards(datapath, old, &new)?;
            datapath.touch();
        }
        note(datapath, &new, live.faults());
        live.set_files(new, guarded);
        Applied::default()
    } else {
        if guarded {
            set_guards(datapath, old, &new)?;
        }
        match datapath.apply(&new.image) {
            Ok(applied) => {
                let files = new.clone();
                live.set_files(new, true);
                make_ready(datapath, &files.image, live.faults());
                note(datapath, &files, live.faults());
                applied
            }
            Err(error) => {
                live.set_names(names);
                if guarded {
                    set_guards(datapath, old, old)?;
                    datapath.touch();
                }
                return Err(error.into());
            }
        }
    };
    // No frame counts for the policy before any more.
    datapath.clear_counters(&fresh.devices.taken_over, &fresh.rules.taken_over)?;
    Ok(applied)
}

/// Notes for the agent after this one what has which number.
pub(super) fn note(datapath: &mut Datapath, files: &Files, faults: &Faults) {
    let Some(keyed) = files.keyed() else {
        return;
    };
    if let Err(error) = datapath.note(&keyed) {
        faults.count(Fault::Note);
        tracing::error!(%error, "Could not note what has which number: conversations will not outlive this agent.");
    }
}

/// For the policy after this one, which is in force whatever comes of it.
pub(super) fn make_ready(datapath: &mut Datapath, image: &Image, faults: &Faults) {
    if let Err(error) = datapath.make_ready(image) {
        faults.count(Fault::Slot);
        tracing::error!(%error, "A policy slot did not keep what was written to it.");
    }
}

#[cfg(test)]
mod tests;
