//! What the agent says about what happened: drops, flows and counters, by their JSON.

use std::{
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde::Deserialize;

use super::{
    agent,
    hospital::{Hospital, Host},
};

/// How long the agent may take to tell of a frame.
const PATIENCE: Duration = Duration::from_secs(3);

/// A drop, as far as the demo looks at it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Drop {
    sequence: u64,
    pub(super) reason: String,
    pub(super) src_mac: String,
    pub(super) src: Option<IpAddr>,
    pub(super) dst: Option<IpAddr>,
    pub(super) dst_port: Option<u16>,
}

/// A flow, as far as the demo looks at it.
#[derive(Clone, Debug, Deserialize)]
struct Flow {
    protocol: String,
    device_address: IpAddr,
    device_port: u16,
    peer_address: IpAddr,
    peer_port: u16,
    reason: String,
    rule: Option<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
struct Rule {
    label: String,
    line: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct Status {
    frames: Vec<Frames>,
    policy: Policy,
    devices: Modes,
    decisions: Vec<Decided>,
}

#[derive(Clone, Debug, Deserialize)]
struct Modes {
    enforce: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct Decided {
    fallback: Option<FellBack>,
}

#[derive(Clone, Debug, Deserialize)]
struct FellBack {
    why: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Policy {
    digest: String,
}

/// Frames of one fate.
#[derive(Clone, Debug, Deserialize)]
struct Frames {
    verdict: String,
    reason: String,
    #[serde(rename = "frames")]
    count: u64,
}

/// A device, as far as the demo looks at it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Device {
    pub(super) mac: String,
    pub(super) listed: bool,
}

/// The last drop that the agent was told of so far.
pub(super) fn last_drop(hospital: &Hospital) -> Result<u64> {
    let drops = agent::json::<Drop>(hospital, &["drops"])?;
    Ok(drops.iter().map(|drop| drop.sequence).max().unwrap_or(0))
}

/// A drop after this one that matches, as soon as there is one.
pub(super) fn drop_after(
    hospital: &Hospital,
    last: u64,
    matches: impl Fn(&Drop) -> bool,
) -> Result<Option<Drop>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let drops = agent::json::<Drop>(hospital, &["drops"])?;
        let found = drops
            .into_iter()
            .find(|drop| drop.sequence > last && matches(drop));
        if found.is_some() || Instant::now() >= deadline {
            return Ok(found);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Why the conversation between two hosts is forwarded: its reason, with the rule and its line.
pub(super) fn allowed(
    hospital: &Hospital,
    from: &Host,
    to: &Host,
    protocol: &str,
    port: Option<u16>,
) -> Result<Option<String>> {
    let both = [IpAddr::from(from.address), IpAddr::from(to.address)];
    // `--json` prints one array here.
    let flows = agent::json::<Vec<Flow>>(hospital, &["flows"])?.concat();
    let flow = flows.into_iter().find(|flow| {
        let ends = [flow.device_address, flow.peer_address];
        let is_port = port.is_none_or(|port| [flow.device_port, flow.peer_port].contains(&port));
        flow.protocol == protocol && is_port && both.iter().all(|end| ends.contains(end))
    });
    Ok(flow.map(|flow| match flow.rule {
        Some(rule) => format!("{}: {} (line {})", flow.reason, rule.label, rule.line),
        None => flow.reason,
    }))
}

/// Frames counted so far under a verdict, by reason.
pub(super) fn counted(hospital: &Hospital, verdict: &str) -> Result<Vec<(String, u64)>> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    let status = agent::json::<Status>(hospital, &["status"])?;
    for frames in status.into_iter().flat_map(|status| status.frames) {
        if frames.verdict == verdict && frames.count > 0 {
            match counts
                .iter_mut()
                .find(|(reason, _)| *reason == frames.reason)
            {
                Some((_, count)) => *count += frames.count,
                None => counts.push((frames.reason, frames.count)),
            }
        }
    }
    Ok(counts)
}

/// The digest of the policy in force.
pub(super) fn digest(hospital: &Hospital) -> Result<String> {
    let status = agent::json::<Status>(hospital, &["status"])?;
    Ok(status
        .into_iter()
        .map(|status| status.policy.digest)
        .collect())
}

/// Listed devices in mode enforce.
pub(super) fn enforced(hospital: &Hospital) -> Result<u64> {
    let status = agent::json::<Status>(hospital, &["status"])?;
    Ok(status.iter().map(|status| status.devices.enforce).sum())
}

/// Why the first device fell back to mode monitor that did.
pub(super) fn fallen(hospital: &Hospital) -> Result<Option<String>> {
    let status = agent::json::<Status>(hospital, &["status"])?;
    let mut decisions = status.into_iter().flat_map(|status| status.decisions);
    Ok(decisions.find_map(|decided| Some(decided.fallback?.why)))
}

/// Who is there, once they are as awaited or patience is at its end.
pub(super) fn devices_once(
    hospital: &Hospital,
    awaited: impl Fn(&[Device]) -> bool,
) -> Result<Vec<Device>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let devices = agent::json::<Vec<Device>>(hospital, &["devices"])?.concat();
        if awaited(&devices) || Instant::now() >= deadline {
            return Ok(devices);
        }
        thread::sleep(Duration::from_millis(50));
    }
}
