//! Puts a question to a judge.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Explanation, Judge, JudgeError, Judgement, Leg, Query, QueryError,
    frame::{self, FrameError},
    hint,
    probe::{self, Probe},
};
use crate::{
    service::{clock::Now, names::Names, state::Reason},
    unit,
};

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The question is at fault.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The judge is.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// Its opening frame can't be built.
    #[error("the frame that opens the conversation can't be built: {0}")]
    Frame(String),
}

/// What becomes of the conversation.
pub fn explain(
    names: &Names,
    query: &Query,
    judge: &mut dyn Judge,
) -> Result<Explanation, ExplainError> {
    let policy = names.policy();
    let at = query.second(policy.time_zone.as_ref())?;
    let probe::Probes { probes, mut notes } = probe::probes(policy, names.wires(), query, &*judge)?;
    judge.set_clock(at.map(|(second, _)| second));
    if let Some((_, moment)) = at {
        let zone = policy.time_zone.clone().unwrap_or(TimeZone::UTC);
        let offset = zone.to_offset(moment);
        notes.push(format!(
            "as of {}, {}",
            offset.to_datetime(moment).strftime("%A"),
            moment.display_with_offset(offset)
        ));
    }
    let moment = at.map_or_else(|| Now::read().wall, |(_, moment)| moment);
    let mut legs = Vec::with_capacity(probes.len());
    for probe in probes {
        let frame = frame::build(&probe.opening)
            .map_err(|error: FrameError| ExplainError::Frame(error.to_string()))?;
        let judgement = judge.judge(probe.side, probe.wire, &frame)?;
        legs.push(leg(names, &probe, &judgement, moment));
    }
    Ok(Explanation {
        judge: judge.name(),
        policy: policy.file.clone(),
        legs,
        notes,
    })
}

fn leg(names: &Names, probe: &Probe, judgement: &Judgement, at: Timestamp) -> Leg {
    let (policy, wires) = (names.policy(), names.wires());
    let device = judgement.device.and_then(|index| policy.devices.get(index));
    let profile = match device {
        Some(device) => Some(device.profile),
        None => policy
            .default_profile
            .filter(|_| judgement.reason != Reason::UnknownDevice),
    };
    let opening = probe.opening;
    Leg {
        device: device.map_or_else(
            || unit::mac::format(probe.mac),
            |device| device.name.clone(),
        ),
        profile: profile
            .and_then(|index| policy.profiles.get(index))
            .map(|profile| profile.name.clone()),
        mode: judgement.mode,
        wire: wires
            .get(probe.wire)
            .filter(|name| !name.is_empty())
            .cloned(),
        side: probe.side,
        vlans: opening.vlans,
        src: opening.src,
        dst: opening.dst,
        service: opening.service,
        dropped: judgement.dropped,
        reason: judgement.reason,
        rule: judgement.rule.and_then(|place| names.rule_at(place)),
        hints: hint::hints(policy, wires, probe, judgement, at),
    }
}
