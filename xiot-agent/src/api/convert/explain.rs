//! `explain`: the question in, the explanation out.

use super::{rule, verdict, vlan};
use crate::{
    api::wire,
    service::state::words::{mode, side},
    service::{
        explain::{Explanation, Leg, Query, QueryError, Service, Subject},
        state::{Opener, Vlans},
    },
    unit::{self, moment::Moment},
};

/// The question of a client, or of the command line, checked as far as that goes without a policy.
pub fn query(query: wire::Query) -> Result<Query, QueryError> {
    let subject = match (query.device, query.mac) {
        (Some(name), None) => Subject::Name(name),
        (None, Some(text)) => match unit::mac::parse(&text) {
            Ok(mac) => Subject::Mac(mac),
            Err(source) => return Err(QueryError::Mac { text, source }),
        },
        _ => return Err(QueryError::OneSubject),
    };
    let opener = match query.initiator.as_str() {
        "device" => Opener::Device,
        "peer" => Opener::Peer,
        other => return Err(QueryError::Initiator(other.to_owned())),
    };
    let vlans = query
        .vlan
        .map(|text| unit::vlan::parse(&text).map_err(|source| QueryError::Vlan { text, source }))
        .transpose()?
        .map(|(outer, inner)| Vlans { outer, inner });
    let at = query
        .at
        .map(|text| match unit::moment::parse(&text) {
            None | Some(Moment::Day(_)) => Err(QueryError::Time(text)),
            Some(moment) => Ok(moment),
        })
        .transpose()?;
    Ok(Query {
        subject,
        opener,
        peer: query.peer,
        service: Service::parse(&query.protocol, query.port.as_deref())?,
        vlans,
        wire: query.wire,
        address: query.address,
        at,
    })
}

/// What is printed.
pub fn explanation(explanation: &Explanation) -> wire::Explanation {
    wire::Explanation {
        judge: explanation.judge.name().to_owned(),
        policy: explanation.policy.clone(),
        verdict: verdict(explanation.verdict()),
        legs: explanation.legs.iter().map(leg).collect(),
        notes: explanation.notes.clone(),
    }
}

fn leg(leg: &Leg) -> wire::Leg {
    wire::Leg {
        device: leg.device.clone(),
        profile: leg.profile.clone(),
        mode: mode(leg.mode).to_owned(),
        wire: leg.wire.clone(),
        side: side(leg.side).to_owned(),
        vlan: vlan(leg.vlans),
        src: leg.src,
        dst: leg.dst,
        protocol: leg.service.protocol(),
        port: leg.service.port(),
        verdict: verdict(leg.verdict()),
        reason: leg.reason.name().to_owned(),
        meaning: leg.reason.doc().to_owned(),
        rule: leg.rule.clone().map(rule),
        hints: leg.hints.clone(),
    }
}
