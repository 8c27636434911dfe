//! The way of another policy into the kernel.

use std::sync::Arc;

use super::ReloadError;
use crate::{
    compile::{Fresh, Image},
    datapath::{Applied, Datapath, MapAccessError},
    service::{
        clock::Now,
        faults::{Fault, Faults},
        files::Files,
        guards,
        live::Live,
    },
};

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

/// Puts these files in force, or leaves everything as it was.
pub(super) fn put_in_force(
    live: &Live,
    datapath: &mut Datapath,
    old: &Files,
    new: Files,
    fresh: &Fresh,
) -> Result<Applied, ReloadError> {
    datapath.clear_counters(&fresh.devices.free, &fresh.rules.free)?;
    // The new names know the old numbers too, and events of the new policy may come at once.
    let names = live.names();
    let next = names.follow(Arc::clone(&new.policy), Arc::clone(&new.ids));
    live.set_names(Arc::new(next));
    // Before the first frame that its rules judge.
    live.tell_names(&new.policy);
    let guarded = guards::of_wires(&old.gateway.wires) != guards::of_wires(&new.gateway.wires);
    let applied = set(datapath, old, &new, guarded);
    let applied = match applied {
        Ok(applied) => applied,
        Err(error) => {
            live.set_names(names);
            live.follow_servers(&old.policy);
            if guarded {
                set_guards(datapath, old, old)?;
                datapath.touch();
            }
            return Err(error);
        }
    };
    let files = new.clone();
    live.set_files(new);
    live.follow_servers(&files.policy);
    make_ready(datapath, &files.image, live.faults());
    note(datapath, &files, live.faults());
    // No frame counts for the policy before any more. It is in force by now, whatever becomes of a counter.
    let (devices, rules) = (&fresh.devices.taken_over, &fresh.rules.taken_over);
    if let Err(error) = datapath.clear_counters(devices, rules) {
        live.fault(Fault::Maps);
        tracing::error!(%error, "Counters of what is new begin with those of what had its number before.");
    }
    Ok(applied)
}

fn set(
    datapath: &mut Datapath,
    old: &Files,
    new: &Files,
    guarded: bool,
) -> Result<Applied, ReloadError> {
    if guarded {
        set_guards(datapath, old, new)?;
    }
    Ok(datapath.apply(&new.image)?)
}

/// Notes for the agent after this one what has which number.
pub(in crate::service) fn note(datapath: &mut Datapath, files: &Files, faults: &Faults) {
    let Some(keyed) = files.keyed() else {
        return;
    };
    if let Err(error) = datapath.note(&keyed) {
        faults.count(Fault::Note);
        tracing::error!(%error, "Could not note what has which number: conversations will not outlive this agent.");
    }
}

/// For the policy after this one, which is in force whatever comes of it.
pub(in crate::service) fn make_ready(datapath: &mut Datapath, image: &Image, faults: &Faults) {
    if let Err(error) = datapath.make_ready(image) {
        faults.count(Fault::Slot);
        tracing::error!(%error, "A policy slot did not keep what was written to it.");
    }
}
