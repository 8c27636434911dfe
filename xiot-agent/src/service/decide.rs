//! Decisions about single devices: quarantine, break-glass and the end of both. They go beside the policy, take effect with the
//! next frame and outlive the next policy.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use xiot_common::{
    addr,
    device::ANY_VLAN,
    overrides::{Action, Override, OverrideKey},
};

use super::{
    clock::Now,
    learner::listed,
    live::Live,
    names::{Names, UnknownDevice},
    state::{Criticality, Decided, Decision, FellBack, MacBytes, Vlans},
};
use crate::{
    datapath::{Datapath, MapAccessError},
    learn::{device::Identity, stage::Fallen},
    store::{Author, audit::Event},
    unit,
};

/// What an operator wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wish {
    /// Name of a listed device, or a MAC.
    pub device: String,
    /// VLANs of a MAC; none: any.
    pub vlans: Option<Vlans>,
    /// None: back to what policy says.
    pub decision: Option<Decision>,
    /// How long; none: until it is ended.
    pub span: Option<Duration>,
    /// Also where a life depends on the device.
    pub insist: bool,
    /// Who.
    pub author: Author,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// Nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such device.
    #[error(transparent)]
    UnknownDevice(#[from] UnknownDevice),
    /// VLANs for a device whose VLANs the policy knows.
    #[error("`{0}` is listed: its VLANs are those of the policy")]
    VlansOfListed(String),
    /// Not one device.
    #[error("{0} is a group: what may be sent to it is up to the policy")]
    Group(String),
    /// A patient's life depends on it.
    #[error(
        "{0} is life-sustaining: a quarantine cuts it off from everything; if that is meant, say --override, and why (--reason)"
    )]
    LifeSustaining(String),
    /// Nobody said why.
    #[error("{0} takes a reason, which the audit log keeps: say --reason")]
    NoReason(&'static str),
    /// There is nothing to end.
    #[error("nothing is decided about {0}")]
    NothingDecided(String),
    /// The span is too short or too long.
    #[error("a decision holds for 1 second to 31 days")]
    Span,
    /// The map can't be read or written, or is full.
    #[error("the decision can't be put before the XDP program")]
    Maps(#[from] MapAccessError),
    /// The agent is on its way down.
    #[error("the agent is ending")]
    Ending,
}

/// The longest that a decision may hold which ends by itself.
const LONGEST: Duration = Duration::from_hours(31 * 24);

/// Does it, and tells what holds now.
pub(super) fn decide(live: &Live, wish: &Wish) -> Result<Decided, DecideError> {
    let names = live.names();
    let target = Target::find(&names, wish)?;
    if wish
        .span
        .is_some_and(|span| span.as_secs() == 0 || span > LONGEST)
    {
        return Err(DecideError::Span);
    }
    if target.mac[0] & 1 != 0 {
        return Err(DecideError::Group(target.words()));
    }
    let is_risky = wish.decision == Some(Decision::Quarantine)
        && target.criticality == Some(Criticality::LifeSustaining);
    if is_risky && !wish.insist {
        return Err(DecideError::LifeSustaining(target.words()));
    }
    if wish.reason.is_none() && is_risky {
        return Err(DecideError::NoReason("a quarantine with --override"));
    }
    if wish.reason.is_none() && wish.decision == Some(Decision::BreakGlass) {
        return Err(DecideError::NoReason("break-glass"));
    }
    live.with_datapath(|datapath| {
        let now = Now::read();
        forget_what_is_over(datapath, now)?;
        let until = wish.span.map(|span| until(now, span));
        if let Some(decision) = wish.decision {
            let decided = Override {
                until: until.unwrap_or(0),
                action: match decision {
                    Decision::Quarantine => Action::Quarantine,
                    Decision::BreakGlass => Action::Monitor,
                } as u8,
                reserved: [0; 3],
            };
            datapath.set_override(target.key(), decided)?;
        } else {
            // First, or the next look would have it fall back again.
            let had_fallen = live.accept_fall(target.mac, target.vlans);
            if !datapath.clear_override(&target.key())? && !had_fallen {
                return Err(DecideError::NothingDecided(target.words()));
            }
        }
        let decided = Decided {
            device: target.name,
            mac: target.mac,
            vlans: target.vlans,
            decision: wish.decision,
            until: until.and_then(|until| now.at_second(until.into())),
            fallback: None,
        };
        live.audit(
            wish.author.clone(),
            Event::Decision {
                device: decided.device.clone(),
                mac: unit::mac::format(decided.mac),
                vlan: decided
                    .vlans
                    .map(|vlans| unit::vlan::format((vlans.outer, vlans.inner))),
                decision: match decided.decision {
                    Some(Decision::Quarantine) => "quarantine",
                    Some(Decision::BreakGlass) => "break-glass",
                    None => "release",
                }
                .to_owned(),
                until: decided.until,
                overridden: is_risky,
                reason: wish.reason.clone(),
            },
        );
        Ok(decided)
    })
    .unwrap_or(Err(DecideError::Ending))
}

/// What holds now, by MAC.
pub(super) fn decisions(
    decided: Vec<(OverrideKey, Override)>,
    names: &Names,
    now: Now,
    fallen: &BTreeMap<Identity, Fallen>,
) -> Vec<Decided> {
    let mut all: Vec<Decided> = decided
        .into_iter()
        .filter_map(|(key, decided)| {
            let decision = match decided.action(now.second()) {
                Action::Policy => return None,
                Action::Quarantine => Decision::Quarantine,
                Action::Monitor => Decision::BreakGlass,
            };
            let vlans = (key.vlans != ANY_VLAN).then_some(Vlans {
                outer: key.vlans.outer,
                inner: key.vlans.inner,
            });
            let mac = key.mac.0;
            Some(Decided {
                device: named(names, mac, vlans),
                mac,
                vlans,
                decision: Some(decision),
                until: now.at_second(decided.until.into()),
                fallback: fell_back(fallen, mac, vlans)
                    .filter(|_| decision == Decision::BreakGlass),
            })
        })
        .collect();
    all.sort_by_key(|decided| (decided.mac, decided.vlans));
    all
}

fn fell_back(
    fallen: &BTreeMap<Identity, Fallen>,
    mac: MacBytes,
    vlans: Option<Vlans>,
) -> Option<FellBack> {
    let device = listed(mac, vlans.map(|vlans| (vlans.outer, vlans.inner)));
    fallen.get(&device).map(|it| FellBack {
        at: i64::try_from(it.at)
            .ok()
            .and_then(|at| Timestamp::from_second(at).ok()),
        why: it.why.clone(),
    })
}

fn named(names: &Names, mac: MacBytes, vlans: Option<Vlans>) -> Option<String> {
    let listed = vlans.map(|vlans| (vlans.outer, vlans.inner));
    names
        .policy()
        .devices
        .iter()
        .find(|device| device.mac == mac && device.vlan == listed)
        .map(|device| device.name.clone())
}

/// The second in which it ends. Never earlier than asked for: the second that has begun does not count.
fn until(now: Now, span: Duration) -> u32 {
    let seconds = u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
    now.second().saturating_add(1).saturating_add(seconds)
}

fn forget_what_is_over(datapath: &mut Datapath, now: Now) -> Result<(), MapAccessError> {
    for (key, decided) in datapath.overrides()? {
        if decided.until != 0 && now.second() >= decided.until {
            datapath.clear_override(&key)?;
        }
    }
    Ok(())
}

/// Whom it is about.
struct Target {
    name: Option<String>,
    mac: MacBytes,
    vlans: Option<Vlans>,
    criticality: Option<Criticality>,
}

impl Target {
    fn find(names: &Names, wish: &Wish) -> Result<Self, DecideError> {
        let devices = &names.policy().devices;
        let listed = devices.iter().find(|device| device.name == wish.device);
        if let Some(device) = listed {
            if wish.vlans.is_some() {
                return Err(DecideError::VlansOfListed(device.name.clone()));
            }
            return Ok(Self {
                name: Some(device.name.clone()),
                mac: device.mac,
                vlans: device.vlan.map(|(outer, inner)| Vlans { outer, inner }),
                criticality: device.criticality,
            });
        }
        let Ok(mac) = unit::mac::parse(&wish.device) else {
            return Err(names.unknown(&wish.device).into());
        };
        // A MAC may stand for several listed devices: the most critical counts.
        let criticality = devices
            .iter()
            .filter(|device| device.mac == mac)
            .filter_map(|device| device.criticality)
            .max();
        Ok(Self {
            name: named(names, mac, wish.vlans),
            mac,
            vlans: wish.vlans,
            criticality,
        })
    }

    fn key(&self) -> OverrideKey {
        OverrideKey {
            mac: addr::Mac(self.mac),
            vlans: self.vlans.map_or(ANY_VLAN, |vlans| addr::Vlans {
                outer: vlans.outer,
                inner: vlans.inner,
            }),
        }
    }

    fn words(&self) -> String {
        self.name
            .clone()
            .unwrap_or_else(|| unit::mac::format(self.mac))
    }
}
