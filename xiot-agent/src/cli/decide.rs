//! `quarantine`, `break-glass` and `release`: one device, at once, whatever policy says.

use std::time::Duration;

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output,
};
use crate::{
    api::{
        given,
        wire::{Answer, Ask, Decide, Decided, Decision, FellBack},
    },
    unit::duration,
};

/// Cut one device off: nothing from or to it passes, whatever its mode and policy say.
///
/// It takes effect with the next frame, ends the device's conversations, and outlives reloads and restarts of the agent, until
/// `release` or the time that is given. Frames count as `quarantined`. Devices behind the same switch are not kept apart: the
/// gateway does not see what they say to each other.
#[derive(clap::Args, Debug)]
pub(super) struct Quarantine {
    #[command(flatten)]
    whom: Whom,
    /// End by itself after this time: `30m`, `12h`
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    span: Option<Duration>,
    /// Also if the device is life-sustaining; with --reason.
    #[arg(long = "override")]
    insist: bool,
}

/// Let everything of one device pass for some time: it is in mode monitor, whatever its mode and policy say.
///
/// For emergencies: care goes on now, and the policy is mended afterwards. What policy denies is counted as would-be drops. It
/// takes effect with the next frame and ends by itself, also without the agent; what it let pass ends with it. Guards go on. It
/// takes a --reason.
#[derive(clap::Args, Debug)]
pub(super) struct BreakGlass {
    #[command(flatten)]
    whom: Whom,
    /// How long: `30m`, `2h`
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    span: Duration,
}

/// End the quarantine or break-glass of one device: policy alone says what becomes of its frames.
#[derive(clap::Args, Debug)]
pub(super) struct Release {
    #[command(flatten)]
    whom: Whom,
}

#[derive(clap::Args, Debug)]
struct Whom {
    /// Name of a listed device, or a MAC
    device: String,
    /// VLAN of a MAC that is not listed: `30`, `100.30`, `untagged`; any if none is given
    #[arg(long, value_name = "VLAN")]
    vlan: Option<String>,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT", value_parser = given::reason)]
    reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

impl Quarantine {
    pub(super) fn run(self) -> Outcome {
        let decision = Some(Decision::Quarantine);
        self.whom.decide(decision, self.span, self.insist)
    }
}

impl BreakGlass {
    pub(super) fn run(self) -> Outcome {
        let decision = Some(Decision::BreakGlass);
        self.whom.decide(decision, Some(self.span), false)
    }
}

impl Release {
    pub(super) fn run(self) -> Outcome {
        self.whom.decide(None, None, false)
    }
}

impl Whom {
    fn decide(self, decision: Option<Decision>, span: Option<Duration>, insist: bool) -> Outcome {
        let ask = Ask::Decide(Decide {
            device: self.device,
            vlan: self.vlan,
            decision,
            seconds: span.map(|span| span.as_secs()),
            insist,
            reason: self.reason,
        });
        let decided = client::one(&self.socket.socket, ask, |answer| {
            if let Answer::Decided(decided) = answer {
                Some(*decided)
            } else {
                None
            }
        })?;
        if self.json {
            output::print_json(&decided)?;
        } else {
            output::print(&format!("{}\n", line(&decided)))?;
        }
        Ok(Exit::Success)
    }
}

/// A decision in one line.
pub(super) fn line(decided: &Decided) -> String {
    let Decided {
        device, mac, vlan, ..
    } = decided;
    let mut whom = device.clone().unwrap_or_else(|| mac.clone());
    if device.is_none()
        && let Some(vlan) = vlan
    {
        whom = format!("{whom} on VLAN {vlan}");
    }
    let what = match decided.decision {
        Some(Decision::Quarantine) => "quarantined",
        Some(Decision::BreakGlass) => "break-glass",
        None => return format!("{whom}: released, policy applies"),
    };
    if let Some(FellBack { at, why }) = &decided.fallback {
        let since = at.map_or_else(String::new, |at| format!(" since {at}"));
        return format!("{whom}: fell back to mode monitor{since} until it is released: {why}");
    }
    match decided.until {
        Some(until) => format!("{whom}: {what} until {until}"),
        None => format!("{whom}: {what} until it is released"),
    }
}
