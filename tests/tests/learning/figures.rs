//! What comes of learning on one capture.

use xiot_common::reason::Reason;

use crate::{
    case::{Case, Cases},
    film::{Film, Scene},
    habit::Habit,
    rules::Rules,
    site, strangers,
    trial::{DAY, Judged, Trial},
};

/// How often a device does the same, each a day later, until what it does is no news to the site any more.
const DAYS: u64 = 3;

/// What was learned, and what else is judged by it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// Half of the capture's time; the rest of it.
    Half,
    /// Four fifths; the rest.
    FourFifths,
    /// All of it; another capture of the device.
    Again,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Half, Self::FourFifths, Self::Again];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::FourFifths => "four fifths",
            Self::Again => "another run",
        }
    }
}

/// A proposal, and what it does to the frames that were not learned.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) rules: Rules,
    /// Conversations that wait for a person.
    pub(crate) withheld: usize,
    pub(crate) judged: Judged,
}

/// All of that.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) part: Part,
    pub(crate) learned: usize,
    /// Seconds that were judged.
    pub(crate) seconds: u64,
    /// As proposed, when the device has done the same on each of three days.
    pub(crate) proposed: Outcome,
    /// After one look, and a person who took the `#` from all that was withheld.
    pub(crate) accepted: Outcome,
}

/// Tries it; none: there is no such part.
pub(crate) fn figures(
    trial: &mut Trial,
    cases: &Cases,
    case: &Case,
    part: Part,
) -> Option<Figures> {
    let film = Film::of(&case.file, case.mac());
    let (first, rest, seconds) = match part {
        Part::Half | Part::FourFifths => {
            let hundredths = if part == Part::Half { 50 } else { 80 };
            let (first, rest) = film.cut(hundredths);
            let begin = first.last().map_or(0, |scene| scene.second);
            (first, rest.to_vec(), film.times().1 - begin)
        }
        Part::Again => {
            let other = Film::of(case.again.as_ref()?, case.mac());
            let (begin, end) = other.times();
            (film.scenes.as_slice(), other.scenes, end - begin)
        }
    };
    let text = site::learning(case.mac(), cases.servers(case));
    let mut pupil = trial.learn(&text, first, 1);
    let learned = Trial::learned(&mut pupil);
    let (proposal, withheld) = trial.propose(&mut pupil, &text);
    let text_accepted = site::accepted(&proposal);
    let accepted = Outcome {
        judged: judge(trial, &text_accepted, part, &rest, 0),
        rules: Rules::of(&text_accepted, &site::policy(&text_accepted)),
        withheld,
    };
    if part != Part::Again && first.iter().any(Scene::is_dns) {
        trial.learn(&text, first, 1);
        let asked_again = after_asking(trial, &text_accepted, first, &rest);
        let denied = accepted.judged.denied_habits();
        assert_eq!(
            denied, asked_again,
            "{}: names that were told are known",
            case.file
        );
    }
    nothing_of_it_is_dropped(trial, case, &text_accepted, first);
    strangers::are_dropped(trial, case, &text_accepted, first);

    let mut pupil = trial.learn(&text, first, DAYS);
    let (proposal, withheld) = trial.propose(&mut pupil, &text);
    let proposed = Outcome {
        judged: judge(trial, &proposal, part, &rest, (DAYS - 1) * DAY),
        rules: Rules::of(&proposal, &site::policy(&proposal)),
        withheld,
    };
    Some(Figures {
        part,
        learned,
        seconds,
        proposed,
        accepted,
    })
}

/// The rest comes to the gateway that learned. Another capture comes to one that was started just now, since nobody saw how its conversations began.
fn judge(trial: &mut Trial, text: &str, part: Part, rest: &[Scene], from: u64) -> Judged {
    let text = site::promoted(text, "monitor");
    if part == Part::Again {
        trial.begin(&text);
        return trial.judge(rest, 0);
    }
    trial.promote(&text);
    trial.judge(rest, from)
}

/// What would be dropped if the device asked again for the names that it knew.
fn after_asking(trial: &mut Trial, text: &str, first: &[Scene], rest: &[Scene]) -> Vec<Habit> {
    trial.promote(&site::promoted(text, "monitor"));
    for scene in first.iter().filter(|scene| scene.is_dns()) {
        let verdict = trial.put(&scene.shot);
        assert!(!verdict.dropped, "{verdict:?}");
    }
    trial.judge(rest, 0).denied_habits()
}

/// What was learned and promoted is not dropped when it comes again.
fn nothing_of_it_is_dropped(trial: &mut Trial, case: &Case, text: &str, first: &[Scene]) {
    trial.begin(&site::promoted(text, "enforce"));
    let mut dropped = Judged::default();
    for scene in first {
        let verdict = trial.shoot(scene, 0);
        if !is_beside_rules(scene, verdict.reason) {
            dropped.add(scene.habit, &verdict);
        }
    }
    assert!(
        dropped.denied.is_empty(),
        "{}: {:?}\n{text}",
        case.file,
        dropped.denied
    );
}

/// What is not learned, since no rule is about it: what is not IP (`ethertypes` of a wire), errors of ICMP (they go with the conversation that they are about), and
/// segments that answer or end a conversation whose begin nobody saw, which nothing picks up.
fn is_beside_rules(scene: &Scene, reason: Reason) -> bool {
    reason == Reason::EthertypeDenied && matches!(scene.habit, Habit::Other(_))
        || reason == Reason::IcmpErrorUnrelated
        || reason == Reason::TcpNoFlow && scene.is_at_an_end()
}
