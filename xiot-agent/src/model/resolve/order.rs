//! The order in which peer sets can be spelt out: each after the sets it contains.

use super::names::Names;
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::raw::{Peer, RawPolicy},
};

/// How far the walk got with a set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Positions of all sets, contained ones first. Reports sets that contain each other.
///
/// Walks with a stack of its own: sets may be chained a hundred thousand deep.
pub(super) fn order(raw: &RawPolicy<'_>, names: &Names<'_>, report: &mut Report) -> Vec<usize> {
    let mut marks = vec![Mark::New; raw.peer_sets.len()];
    let mut ordered = Vec::with_capacity(raw.peer_sets.len());
    for start in 0..raw.peer_sets.len() {
        // A set and the entry of it to look at next.
        let mut path = if marks[start] == Mark::New {
            vec![(start, 0)]
        } else {
            Vec::new()
        };
        while let Some((set, next)) = path.last_mut() {
            let set = *set;
            marks[set] = Mark::Open;
            let Some(entry) = raw.peer_sets[set].peers.get(*next) else {
                marks[set] = Mark::Done;
                ordered.push(set);
                path.pop();
                continue;
            };
            *next += 1;
            let inner = match &entry.peer {
                Peer::Set(name) => names.sets.get(*name).copied(),
                Peer::Any | Peer::Network(_) | Peer::Dns(_) | Peer::Device(_) | Peer::Group(_) => {
                    None
                }
            };
            if let Some(inner) = inner {
                match marks[inner] {
                    Mark::New => path.push((inner, 0)),
                    Mark::Open => report.push(cycle(raw, &path, inner, entry.span)),
                    Mark::Done => {}
                }
            }
        }
    }
    ordered
}

/// The complaint about the reference at `span`, which leads back to set `inner` on the path.
fn cycle(raw: &RawPolicy<'_>, path: &[(usize, usize)], inner: usize, span: Span) -> Diagnostic {
    const SHOWN: usize = 6;
    let name = |set: usize| raw.peer_sets[set].name.value;
    let circle: Vec<_> = path
        .iter()
        .map(|(set, _)| *set)
        .skip_while(|set| *set != inner)
        .chain([inner])
        .map(name)
        .collect();
    let shown = if circle.len() > SHOWN {
        let head = circle.iter().take(SHOWN - 2).copied();
        let tail = circle.last().copied();
        head.chain(["..."]).chain(tail).collect()
    } else {
        circle
    };
    Diagnostic::new(
        Code::PeerCycle,
        span,
        format!("peer set `{}` contains itself", name(inner)),
    )
    .label(shown.join(" -> "))
    .hint("remove one of the references")
}
