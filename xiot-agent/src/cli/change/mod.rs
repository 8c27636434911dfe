//! `apply`, `rollback`, `confirm`: another policy, looked at before it is in force.

mod preview;

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

pub(super) use self::preview::render as preview;
use super::{
    Socket, client,
    exit::{Exit, Failure, OrExit as _, Outcome},
    output, reload,
};
use crate::api::{
    given,
    wire::{Answer, Ask, Candidate, Change, MAX_POLICY_BYTES, Plan, Reload},
};

/// Put a policy in force, after a look at what that changes: rules, devices, and conversations that are live right now and would end.
///
/// Without FILE: the files that the agent runs with. With FILE: this policy, and the agent's gateway file; it stays in force, also after a
/// restart, until the agent's own policy file changes or is loaded with `reload`. All of it or nothing, as with `reload`.
#[derive(clap::Args, Debug)]
pub(super) struct Apply {
    /// Policy file; `-` for standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

/// Put a policy in force again that was before.
///
/// Its gateway file comes back with it, guards above all, unless it takes a restart: then it is left out. The files of the agent are not
/// touched; they are loaded again once they change.
#[derive(clap::Args, Debug)]
pub(super) struct Rollback {
    /// Revision; that before the one in force if none is given
    #[arg(value_name = "REVISION")]
    revision: Option<u64>,
    #[command(flatten)]
    how: How,
}

/// Let the revision stay that is on trial (`apply --confirm-within`).
#[derive(clap::Args, Debug)]
pub(super) struct Confirm {
    #[command(flatten)]
    socket: Socket,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a change is made.
#[derive(clap::Args, Debug)]
pub(super) struct How {
    /// Only look: change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask.
    #[arg(long, short, conflicts_with = "dry_run")]
    pub(super) yes: bool,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT", value_parser = given::reason)]
    pub(super) reason: Option<String>,
    /// Go back by itself after this time unless `confirm` says that it is fine: `5m`. Also when the agent ends meanwhile.
    #[arg(long, value_name = "TIME", value_parser = given::trial_in_words)]
    confirm_within: Option<Duration>,
    /// Print JSON: the look with --dry-run, else (with --yes) what was done.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) socket: Socket,
}

impl Apply {
    pub(super) fn run(self) -> Outcome {
        let Some(file) = &self.file else {
            return self.how.run(Candidate::Files, &[]);
        };
        let text = read(file).or_exit(Exit::Usage)?;
        let candidate = Candidate::Policy {
            file: file.display().to_string(),
            bytes: text.len() as u64,
        };
        self.how.run(candidate, &text)
    }
}

impl Rollback {
    pub(super) fn run(self) -> Outcome {
        let number = self.revision;
        self.how.run(Candidate::Revision { number }, &[])
    }
}

impl Confirm {
    pub(super) fn run(self) -> Outcome {
        let revision = client::one(&self.socket.socket, Ask::Confirm, |answer| {
            if let Answer::Revision(revision) = answer {
                Some(*revision)
            } else {
                None
            }
        })?;
        if self.json {
            output::print_json(&revision)?;
        } else {
            output::print(&format!("revision {} stays in force\n", revision.number))?;
        }
        Ok(Exit::Success)
    }
}

/// Never more of it than the agent takes.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let limit = MAX_POLICY_BYTES + 1;
    let read = if file == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(limit).read_to_end(&mut text))
    };
    read.map_err(|error| anyhow::anyhow!("can't read {}: {error}", file.display()))?;
    if text.len() as u64 == limit {
        anyhow::bail!("{} has more than {MAX_POLICY_BYTES} bytes", file.display());
    }
    Ok(text)
}

impl How {
    fn run(self, candidate: Candidate, body: &[u8]) -> Outcome {
        self.check()?;
        let plan = self.look(candidate.clone(), body)?;
        if self.json && self.dry_run {
            output::print_json(&plan)?;
            return Ok(Exit::Success);
        }
        if !self.json {
            let warnings = plan.warnings.trim_end();
            if !warnings.is_empty() {
                output::note(warnings)?;
            }
            output::print(&preview(&plan))?;
        }
        if self.dry_run || (plan.unchanged && !self.json) {
            return Ok(Exit::Success);
        }
        if !self.is_agreed()? {
            return Ok(Exit::Failed);
        }
        let change = self.change(candidate, self.reason.clone(), plan.base.revision);
        let done = put_in_force(&self.socket, change, body)?;
        if self.json {
            output::print_json(&done)?;
            return Ok(Exit::Success);
        }
        // What is odd about the files was told above; what became of writing it down was not.
        let new = done.warnings.replace(&plan.warnings, "");
        if !new.trim().is_empty() {
            output::note(new.trim())?;
        }
        render(&done, plan.base.revision)?;
        Ok(Exit::Success)
    }

    fn look(&self, candidate: Candidate, body: &[u8]) -> Result<Plan, Failure> {
        look(&self.socket, candidate, body)
    }

    /// Whoever reads JSON is asked nothing.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.json && !self.dry_run && !self.yes {
            return Err(Failure {
                exit: Exit::Usage,
                error: anyhow::anyhow!("--json asks nothing: say --dry-run or --yes"),
            });
        }
        Ok(())
    }

    /// Whether to go on: says so if not.
    pub(super) fn is_agreed(&self) -> Result<bool, Failure> {
        let agreed = self.yes || agreed()?;
        if !agreed {
            output::note("nothing was changed")?;
        }
        Ok(agreed)
    }

    /// Changes the policy of this revision, and no later one.
    pub(super) fn change(&self, candidate: Candidate, reason: Option<String>, base: u64) -> Change {
        Change {
            candidate,
            reason,
            base: Some(base),
            confirm_within_seconds: self.confirm_within.map(|span| span.as_secs()),
        }
    }
}

/// Tells what was done to a policy that had this revision before.
pub(super) fn render(done: &Reload, before: u64) -> Result<(), Failure> {
    output::print(&reload::render(done))?;
    if let Some(until) = &done.on_trial_until {
        output::print(&format!(
            "on trial until {until}: back to revision {before} unless `xiot-agent confirm` says that it is fine\n"
        ))?;
    }
    Ok(())
}

/// What a candidate would change.
pub(super) fn look(socket: &Socket, candidate: Candidate, body: &[u8]) -> Result<Plan, Failure> {
    client::one_with(&socket.socket, Ask::Plan(candidate), body, |answer| {
        if let Answer::Plan(plan) = answer {
            Some(*plan)
        } else {
            None
        }
    })
}

/// Changes it.
pub(super) fn put_in_force(
    socket: &Socket,
    change: Change,
    body: &[u8],
) -> Result<Reload, Failure> {
    client::one_with(&socket.socket, Ask::Change(change), body, |answer| {
        if let Answer::Reload(reload) = answer {
            Some(*reload)
        } else {
            None
        }
    })
}

/// Asks a person; programs have to say --yes.
fn agreed() -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure {
            exit: Exit::Usage,
            error: anyhow::anyhow!(
                "nobody is there to ask: say --yes, or --dry-run for the look alone"
            ),
        });
    }
    write!(io::stderr().lock(), "Put it in force? [y/N] ").or_exit(Exit::Failed)?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .or_exit(Exit::Failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
