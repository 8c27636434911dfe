//! `promote` and `demote`: devices from learn to monitor to enforce, and back, in the policy file.

use std::{path::Path, time::Duration};

use clap::ArgGroup;
use jiff::Timestamp;
use similar::TextDiff;

use super::{
    Socket, change, client,
    exit::{Exit, Failure, OrExit as _, Outcome},
    file,
    output::{self, Align},
    reload,
    words::ago,
};
use crate::api::{
    given,
    wire::{Answer, Ask, Candidate, Change, Lost, Promoted, Promotion, PromotionQuery, Reload},
};

/// Put devices into the next stricter mode, from learn to monitor to enforce, where enough is known of them.
///
/// How much has to be known depends on what a failure of the device means: for how long it was watched, how much of what it does may be unseen, at which
/// times it was never watched, what of that which it did its policy would drop, and for how long nothing of it would have been. What stands in the way
/// is told, and unless all devices are ready (or --ready) nothing changes.
///
/// The mode is written into the policy file of the agent, everything else there stays as it is, and the file is put in force. A device that is enforced is
/// on probation then: where something is dropped that it did before and that was allowed, the agent puts it back into mode monitor by itself.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("whom").args(["devices", "profile", "group"]).required(true)))]
pub(super) struct Promote {
    #[command(flatten)]
    how: How,
    /// The mode; the next one, if not given
    #[arg(long, value_name = "MODE", value_parser = ["monitor", "enforce"])]
    to: Option<String>,
    /// Promote the devices that are ready, and leave the others as they are.
    #[arg(long)]
    ready: bool,
    /// What would be dropped was looked at, and is meant: it is no obstacle; with --reason.
    #[arg(long, requires = "reason")]
    accept_drops: bool,
    /// Whatever stands in the way; with --reason.
    #[arg(long = "override", requires = "reason", conflicts_with = "ready")]
    insist: bool,
}

/// Put devices into the next laxer mode, from enforce to monitor to learn.
///
/// The mode is written into the policy file of the agent, everything else there stays as it is, and the file is put in force. For an emergency there is
/// `break-glass`, which takes effect at once and changes no file.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("whom").args(["devices", "profile", "group"]).required(true)))]
pub(super) struct Demote {
    #[command(flatten)]
    how: How,
    /// The mode; the next one, if not given
    #[arg(long, value_name = "MODE", value_parser = ["monitor", "learn"])]
    to: Option<String>,
}

#[derive(clap::Args, Debug)]
struct How {
    /// Names of listed devices
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// All devices of this profile.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// All devices of this group.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Only look: change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long, short, conflicts_with = "dry_run")]
    yes: bool,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT", value_parser = given::reason)]
    reason: Option<String>,
    /// Go back by itself after this time unless `confirm` says that it is fine: `5m`. The policy file keeps the new modes.
    #[arg(long, value_name = "TIME", value_parser = given::trial_in_words)]
    confirm_within: Option<Duration>,
    /// Print JSON: the look with --dry-run, else (with --yes) what was done.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

impl Promote {
    pub(super) fn run(self) -> Outcome {
        let query = PromotionQuery {
            to: self.to,
            only_ready: self.ready,
            accept_drops: self.accept_drops,
            insist: self.insist,
            ..self.how.query()
        };
        let what = match (self.insist, self.accept_drops) {
            (true, _) => "promote whatever stands in the way",
            (false, true) => "promote with accepted drops",
            (false, false) => "promote",
        };
        self.how.run(query, what)
    }
}

impl Demote {
    pub(super) fn run(self) -> Outcome {
        let query = PromotionQuery {
            to: self.to,
            down: true,
            ..self.how.query()
        };
        self.how.run(query, "demote")
    }
}

impl How {
    fn query(&self) -> PromotionQuery {
        PromotionQuery {
            devices: self.devices.clone(),
            profile: self.profile.clone(),
            group: self.group.clone(),
            ..PromotionQuery::default()
        }
    }

    fn run(self, query: PromotionQuery, what: &str) -> Outcome {
        if self.json && !self.dry_run && !self.yes {
            return Err(Failure {
                exit: Exit::Usage,
                error: anyhow::anyhow!("--json asks nothing: say --dry-run or --yes"),
            });
        }
        let promotion = client::one(&self.socket.socket, Ask::Promotion(query), |answer| {
            if let Answer::Promotion(promotion) = answer {
                Some(*promotion)
            } else {
                None
            }
        })?;
        if self.json && self.dry_run {
            output::print_json(&promotion)?;
            return Ok(Exit::Success);
        }
        if !self.json {
            output::print(&render(&promotion, Timestamp::now()))?;
        }
        if promotion.after == promotion.before {
            output::note(
                "nothing was changed: not all devices are ready (--ready promotes those that are)",
            )?;
            return Ok(Exit::Failed);
        }
        if !self.json {
            let candidate = Candidate::Policy {
                file: promotion.file.clone(),
                bytes: promotion.after.len() as u64,
            };
            let plan = change::look(&self.socket, candidate, promotion.after.as_bytes())?;
            output::print(&difference(&promotion))?;
            output::print(&change::preview(&plan))?;
        }
        if self.dry_run {
            return Ok(Exit::Success);
        }
        if !self.yes && !change::agreed()? {
            output::note("nothing was changed")?;
            return Ok(Exit::Failed);
        }
        let reason = self.words(&promotion, what);
        let done = self.write(&promotion, reason)?;
        if self.json {
            output::print_json(&done)?;
        } else {
            output::print(&reload::render(&done))?;
            if let Some(until) = done.on_trial_until {
                output::print(&format!(
                    "on trial until {until}: back to revision {} unless `xiot-agent confirm` says that it is fine\n",
                    promotion.revision
                ))?;
            }
        }
        Ok(Exit::Success)
    }

    /// The file first: what is in force is what it says. If that is refused, the file is again what it was.
    fn write(&self, promotion: &Promotion, reason: String) -> Result<Reload, Failure> {
        let path = Path::new(&promotion.file);
        let put = |text: &str| {
            file::write(path, text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
        };
        put(&promotion.after).or_exit(Exit::Usage)?;
        let change = Change {
            candidate: Candidate::Files,
            reason: Some(reason),
            base: Some(promotion.revision),
            confirm_within_seconds: self.confirm_within.map(|span| span.as_secs()),
        };
        change::put_in_force(&self.socket, change, &[]).map_err(|failure| {
            let back = put(&promotion.before);
            Failure {
                exit: failure.exit,
                error: match back {
                    Ok(()) => failure.error,
                    Err(back) => failure.error.context(format!(
                        "the policy file has the new modes nevertheless ({back})"
                    )),
                },
            }
        })
    }

    fn words(&self, promotion: &Promotion, what: &str) -> String {
        let goes = || {
            promotion
                .devices
                .iter()
                .filter(|it| it.obstacles.is_empty())
        };
        let whom = match (goes().next(), goes().count()) {
            (Some(it), 1) => format!("{} to {}", it.device, it.to),
            (_, number) => format!("{number} devices"),
        };
        let words = format!("{what}: {whom}");
        match &self.reason {
            Some(reason) => {
                let both = format!("{words}; {reason}");
                given::reason(&both).unwrap_or_else(|_too_long| reason.clone())
            }
            None => words,
        }
    }
}

fn difference(promotion: &Promotion) -> String {
    TextDiff::from_lines(&promotion.before, &promotion.after)
        .unified_diff()
        .header("policy", "policy, with the new modes")
        .to_string()
}

pub(super) fn render(promotion: &Promotion, now: Timestamp) -> String {
    let rows = promotion.devices.iter().map(|it| {
        vec![
            it.criticality.clone().unwrap_or_default(),
            it.device.clone(),
            it.profile.clone(),
            format!("{} -> {}", it.from, it.to),
            ago(now, it.since),
            match it.obstacles.as_slice() {
                [] => "ready".to_owned(),
                obstacles => obstacles.join("; "),
            },
        ]
    });
    let mut text = output::table(
        &[
            ("CRITICALITY", Align::Left),
            ("DEVICE", Align::Left),
            ("PROFILE", Align::Left),
            ("MODE", Align::Left),
            ("IN IT SINCE", Align::Left),
            ("IN THE WAY", Align::Left),
        ],
        rows,
    );
    for it in &promotion.devices {
        text += &drops(it, now);
    }
    text
}

/// What of that which a device did would be dropped.
fn drops(it: &Promoted, now: Timestamp) -> String {
    let lost = it.would_drop.iter().map(|lost| {
        format!(
            "{}: {}, seen in {} hours, last {}, would be dropped\n",
            it.device,
            words(lost),
            lost.hours,
            ago(now, lost.last_seen)
        )
    });
    let withheld = match it.withheld {
        0 => None,
        1 => Some("one conversation that was withheld".to_owned()),
        number => Some(format!("{number} conversations that were withheld")),
    };
    let withheld = withheld.map(|what| format!("{}: {what} would be dropped\n", it.device));
    lost.chain(withheld).collect()
}

fn words(lost: &Lost) -> String {
    let peer = match &lost.peer_name {
        Some(name) => format!("{name} ({})", lost.peer),
        None => lost.peer.to_string(),
    };
    let direction = if lost.initiator == "peer" {
        "from"
    } else {
        "to"
    };
    match (lost.port, lost.icmp) {
        (Some(port), _) => format!("{} {port} {direction} {peer}", lost.protocol),
        (None, Some((kind, code))) => {
            format!("{} {kind}/{code} {direction} {peer}", lost.protocol)
        }
        (None, None) => format!("protocol {} {direction} {peer}", lost.protocol),
    }
}
