//! Devices that are to get another mode.

use super::{icmp, opener, protocol};
use crate::{
    api::wire,
    service::{
        promotion::{Candidate, Lost, Promotion, To, Waived, Wanted},
        state::{Mode, words},
    },
};

/// What a client wants; why not, for people.
pub(crate) fn promotion_wanted(query: wire::PromotionQuery) -> Result<Wanted, String> {
    let mode = query.to.as_deref().map(|to| {
        let all = [Mode::Learn, Mode::Monitor, Mode::Enforce];
        let found = all.into_iter().find(|mode| words::mode(*mode) == to);
        found.ok_or_else(|| format!("`{to}` is no mode: learn, monitor or enforce"))
    });
    let mode = mode.transpose()?;
    Ok(Wanted {
        devices: query.devices,
        profile: query.profile,
        group: query.group,
        to: if query.down {
            To::Down(mode)
        } else {
            To::Up(mode)
        },
        waived: match (query.insist, query.accept_drops) {
            (true, _) => Waived::All,
            (false, true) => Waived::Drops,
            (false, false) => Waived::Nothing,
        },
        only_ready: query.only_ready,
    })
}

pub(crate) fn promotion(promotion: Promotion) -> wire::Promotion {
    wire::Promotion {
        devices: promotion.devices.into_iter().map(candidate).collect(),
        file: promotion.file.display().to_string(),
        before: promotion.before.policy.to_string(),
        after: promotion.text,
        revision: promotion.revision,
    }
}

fn candidate(it: Candidate) -> wire::Promoted {
    wire::Promoted {
        device: it.device,
        profile: it.profile,
        criticality: it.criticality.map(|it| words::criticality(it).to_owned()),
        from: words::mode(it.from).to_owned(),
        since: it.since,
        to: words::mode(it.to).to_owned(),
        obstacles: it.obstacles.iter().map(ToString::to_string).collect(),
        would_drop: it.would_drop.into_iter().map(lost).collect(),
        withheld: it.withheld,
    }
}

fn lost(it: Lost) -> wire::Lost {
    wire::Lost {
        initiator: opener(it.initiator),
        protocol: protocol(it.protocol),
        port: matches!(it.protocol, 6 | 17).then_some(it.port),
        icmp: icmp(it.protocol, it.peer, it.port),
        peer: it.peer,
        peer_name: it.peer_name,
        hours: it.hours,
        last_seen: it.last_seen,
    }
}
