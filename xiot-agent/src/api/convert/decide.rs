//! Decisions about devices.

use std::time::Duration;

use super::reason;

use crate::{
    api::wire,
    service::{
        decide::Wish,
        state::{Decided, Decision, Vlans},
    },
    store::Author,
    unit::{mac, vlan},
};

/// What a client wishes; why not, for people.
pub(crate) fn wish(decide: wire::Decide, author: Author) -> Result<Wish, String> {
    let vlans = decide
        .vlan
        .map(|text| {
            vlan::parse(&text)
                .map(|(outer, inner)| Vlans { outer, inner })
                .map_err(|error| format!("`{text}` is not a VLAN: {error}"))
        })
        .transpose()?;
    Ok(Wish {
        device: decide.device,
        vlans,
        decision: decide.decision.map(|decision| match decision {
            wire::Decision::Quarantine => Decision::Quarantine,
            wire::Decision::BreakGlass => Decision::BreakGlass,
        }),
        span: decide.seconds.map(Duration::from_secs),
        insist: decide.insist,
        author,
        reason: reason(decide.reason.as_deref())?,
    })
}

pub(crate) fn decided(decided: &Decided) -> wire::Decided {
    wire::Decided {
        device: decided.device.clone(),
        mac: mac::format(decided.mac),
        vlan: decided
            .vlans
            .map(|vlans| vlan::format((vlans.outer, vlans.inner))),
        decision: decided.decision.map(|decision| match decision {
            Decision::Quarantine => wire::Decision::Quarantine,
            Decision::BreakGlass => wire::Decision::BreakGlass,
        }),
        until: decided.until,
        fallback: decided.fallback.as_ref().map(|it| wire::FellBack {
            at: it.at,
            why: it.why.clone(),
        }),
    }
}
