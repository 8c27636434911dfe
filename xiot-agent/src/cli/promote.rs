//! `promote` and `demote`: devices from learn to monitor to enforce, and back, in the policy file.

use std::path::Path;

use clap::ArgGroup;
use jiff::Timestamp;
use similar::TextDiff;

use super::{
    change::{self, How},
    client,
    exit::{Exit, Failure, OrExit as _, Outcome},
    file,
    output::{self, Align},
    words::ago,
};
use crate::api::{
    given,
    wire::{Answer, Ask, Candidate, Lost, Promoted, Promotion, PromotionQuery, Reload},
};

/// Put devices into the next stricter mode, from learn to monitor to enforce, where enough is known of them.
///
/// How much has to be known depends on what a failure of the device means: for how long it was watched, how much of what it does may be unseen, at which
/// times it was never watched, what of that which it did its policy would drop, and for how long nothing of it would have been. What stands in the way
/// is told, and unless all devices are ready (or --ready) nothing changes.
///
/// The mode is written into the policy file of the agent, everything else there stays as it is, and the file is put in force. A device that is enforced is
/// on probation then: where something is dropped that it did before and that was allowed, the agent puts it back into mode monitor by itself. With
/// --confirm-within the policy file keeps the new modes, whatever becomes of the trial.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("whom").args(["devices", "profile", "group"]).required(true)))]
pub(super) struct Promote {
    #[command(flatten)]
    whom: Whom,
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
    whom: Whom,
    #[command(flatten)]
    how: How,
    /// The mode; the next one, if not given
    #[arg(long, value_name = "MODE", value_parser = ["monitor", "learn"])]
    to: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Whom {
    /// Names of listed devices
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// All devices of this profile.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// All devices of this group.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
}

impl Promote {
    pub(super) fn run(self) -> Outcome {
        let query = PromotionQuery {
            to: self.to,
            only_ready: self.ready,
            accept_drops: self.accept_drops,
            insist: self.insist,
            ..self.whom.query()
        };
        let what = match (self.insist, self.accept_drops) {
            (true, _) => "promote whatever stands in the way",
            (false, true) => "promote with accepted drops",
            (false, false) => "promote",
        };
        run(&self.how, query, what)
    }
}

impl Demote {
    pub(super) fn run(self) -> Outcome {
        let query = PromotionQuery {
            to: self.to,
            down: true,
            ..self.whom.query()
        };
        run(&self.how, query, "demote")
    }
}

impl Whom {
    fn query(self) -> PromotionQuery {
        PromotionQuery {
            devices: self.devices,
            profile: self.profile,
            group: self.group,
            ..PromotionQuery::default()
        }
    }
}

fn run(how: &How, query: PromotionQuery, what: &str) -> Outcome {
    how.check()?;
    let promotion = client::one(&how.socket.socket, Ask::Promotion(query), |answer| {
        if let Answer::Promotion(promotion) = answer {
            Some(*promotion)
        } else {
            None
        }
    })?;
    if how.json && how.dry_run {
        output::print_json(&promotion)?;
        return Ok(Exit::Success);
    }
    if !how.json {
        output::print(&render(&promotion, Timestamp::now()))?;
    }
    if promotion.after == promotion.before {
        output::note(
            "nothing was changed: not all devices are ready (--ready promotes those that are)",
        )?;
        return Ok(Exit::Failed);
    }
    if !how.json {
        let candidate = Candidate::Policy {
            file: promotion.file.clone(),
            bytes: promotion.after.len() as u64,
        };
        let plan = change::look(&how.socket, candidate, promotion.after.as_bytes())?;
        output::print(&difference(&promotion))?;
        output::print(&change::preview(&plan))?;
    }
    if how.dry_run {
        return Ok(Exit::Success);
    }
    if !how.is_agreed()? {
        return Ok(Exit::Failed);
    }
    let reason = reason(how, &promotion, what);
    let done = write(how, &promotion, reason)?;
    if how.json {
        output::print_json(&done)?;
    } else {
        change::render(&done, promotion.revision)?;
    }
    Ok(Exit::Success)
}

/// The file first: what is in force is what it says. If that is refused, the file is again what it was.
fn write(how: &How, promotion: &Promotion, reason: String) -> Result<Reload, Failure> {
    let path = Path::new(&promotion.file);
    let (before, after) = (promotion.before.as_str(), promotion.after.as_str());
    file::replace(path, before, after).or_exit(Exit::Usage)?;
    let change = how.change(Candidate::Files, Some(reason), promotion.revision);
    change::put_in_force(&how.socket, change, &[]).map_err(|failure| {
        let back = file::replace(path, after, before);
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

/// For the history.
fn reason(how: &How, promotion: &Promotion, what: &str) -> String {
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
    match &how.reason {
        Some(reason) => {
            let both = format!("{words}; {reason}");
            given::reason(&both).unwrap_or_else(|_too_long| reason.clone())
        }
        None => words,
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
