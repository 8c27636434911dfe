//! `reload`: another policy without a restart.

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output,
    words::short,
};
use crate::api::wire::{Answer, Ask, Changes, Reload};

/// Load the files again that the running agent was started with, and put the policy in force.
///
/// All of it or nothing: with an error in a file, or where something does not fit, the policy that was in force stays, and
/// the command says why. Conversations that the new policy allows go on; the others end with the next frame. What the
/// gateway file says holds from a start on: if it differs, the reload is refused.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let reload = client::one(&args.socket.socket, Ask::Reload, |answer| {
        if let Answer::Reload(reload) = answer {
            Some(*reload)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&reload)?;
        return Ok(Exit::Success);
    }
    let warnings = reload.warnings.trim_end();
    if !warnings.is_empty() {
        output::note(warnings)?;
    }
    output::print(&render(&reload))?;
    Ok(Exit::Success)
}

pub(super) fn render(reload: &Reload) -> String {
    let Reload {
        file,
        before,
        after,
        ..
    } = reload;
    if !reload.applied {
        return format!(
            "unchanged: {file} says what is in force already ({}, revision {}, epoch {})\n",
            short(&after.digest),
            after.revision,
            after.epoch,
        );
    }
    format!(
        "in force: {file}, {} -> {}, revision {} -> {}, epoch {} -> {}\n\
         devices: {}, {} changed\n\
         rules: {}\n\
         took {:.1} ms: compiled {:.1}, written {:.1}, no frame under the old policy after {:.1}\n",
        short(&before.digest),
        short(&after.digest),
        before.revision,
        after.revision,
        before.epoch,
        after.epoch,
        came_and_went(reload.devices),
        reload.devices.changed,
        came_and_went(reload.rules),
        reload.compile_ms + reload.write_ms + reload.flip_ms,
        reload.compile_ms,
        reload.write_ms,
        reload.flip_ms,
    )
}

fn came_and_went(changes: Changes) -> String {
    format!("{} added, {} removed", changes.added, changes.removed)
}
