//! What is said of a frame, with all that it rests on, and what becomes of the frame by it.

use xiot_common::reason::{Class, Reason};

use super::{Outcome, flow::Flow, grounds::Grounds, opening::Grant, refused};
use crate::model::policy::Mode;

/// What frames count under.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Counted {
    pub(super) reason: Reason,
    /// Position in the profile.
    pub(super) rule: Option<usize>,
    /// The reason is that of a guard which monitors.
    pub(super) is_guarded: bool,
}

impl Counted {
    /// Of a later fragment, if this is of the first.
    pub(super) fn of_later(self) -> Self {
        match self.reason.class() {
            Class::Allowed => Self {
                reason: Reason::AllowedFragment,
                ..self
            },
            Class::Malformed | Class::Denied | Class::Gateway => Self { rule: None, ..self },
        }
    }
}

/// A verdict with all that it rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'p> {
    grounds: Grounds<'p>,
    reason: Reason,
    /// Position in the profile.
    rule: Option<usize>,
    flow_hit: bool,
    /// What decides in place of the device's mode: the level of the guard whose reason this is.
    level: Option<Mode>,
    /// What a guard that monitors has against the frame, if nothing else drops it.
    objection: Option<Reason>,
    /// All guards were asked about the frame.
    was_asked: bool,
}

impl<'p> Said<'p> {
    pub(super) fn new(grounds: Grounds<'p>, reason: Reason, rule: Option<usize>) -> Self {
        Self {
            grounds,
            reason,
            rule,
            flow_hit: false,
            level: None,
            objection: None,
            was_asked: false,
        }
    }

    /// Dropped whatever the mode: a guard that enforces objects.
    pub(super) fn by_guard(grounds: Grounds<'p>, reason: Reason) -> Self {
        Self {
            level: Some(Mode::Enforce),
            ..Self::new(grounds, reason, None)
        }
    }

    /// It passes for what passed before.
    pub(super) fn counted_as(grounds: Grounds<'p>, counted: Counted) -> Self {
        Self {
            level: counted.is_guarded.then_some(Mode::Monitor),
            ..Self::new(grounds, counted.reason, counted.rule)
        }
    }

    pub(super) fn by_flow(flow: &Flow<'p>) -> Self {
        Self {
            flow_hit: true,
            ..Self::counted_as(flow.grounds, flow.counted())
        }
    }

    pub(super) fn granted(grounds: Grounds<'p>, grant: Grant) -> Self {
        let (reason, rule) = match grant {
            Grant::Service => (Reason::AllowedService, None),
            Grant::Ethertype => (Reason::AllowedEthertype, None),
            Grant::Rule(rule) => (Reason::AllowedRule, Some(rule)),
            Grant::Grace(rule, _) => (Reason::AllowedGrace, Some(rule)),
            Grant::Related(counted) => return Self::counted_as(grounds, counted),
        };
        Self::new(grounds, reason, rule)
    }

    /// The same with what the guards said before: an objection of one that monitors, or nothing.
    pub(super) fn heard(self, objection: Option<Reason>) -> Self {
        Self {
            objection,
            was_asked: true,
            ..self
        }
    }

    /// The same with the objection of a guard that comes before others.
    pub(super) fn first_objected(self, first: Option<Reason>) -> Self {
        Self {
            objection: first.or(self.objection),
            ..self
        }
    }

    /// Another reason against the same frame.
    pub(super) fn but(self, reason: Reason) -> Self {
        Self {
            objection: self.objection,
            was_asked: self.was_asked,
            ..Self::new(self.grounds, reason, None)
        }
    }

    /// Of a frame whose flow was there until now, if it was revoked.
    pub(super) fn after_flow(self, is_revoked: bool) -> Self {
        if is_revoked && self.outcome().dropped {
            Self::by_guard(self.grounds, Reason::Revoked)
        } else {
            self
        }
    }

    pub(super) fn was_asked(self) -> bool {
        self.was_asked
    }

    pub(super) fn grounds(self) -> Grounds<'p> {
        self.grounds
    }

    /// What the rest of a conversation counts under that this frame lets pass.
    pub(super) fn counted(self) -> Counted {
        match self.objection {
            Some(reason) => Counted {
                reason,
                rule: None,
                is_guarded: true,
            },
            None => Counted {
                reason: self.reason,
                rule: self.rule,
                is_guarded: self.level.is_some(),
            },
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        let rest = self.without_objection();
        match self.objection {
            Some(reason) if !rest.dropped => Outcome {
                reason,
                rule: None,
                flow_hit: false,
                mode: Mode::Monitor,
                ..rest
            },
            Some(_) | None => rest,
        }
    }

    fn without_objection(self) -> Outcome {
        let mode = self.level.unwrap_or_else(|| self.grounds.mode());
        let dropped = match self.reason.class() {
            Class::Allowed => false,
            Class::Denied => mode == Mode::Enforce,
            Class::Malformed | Class::Gateway => return refused(self.reason),
        };
        Outcome {
            reason: self.reason,
            dropped: dropped && !self.flow_hit,
            rule: self.rule.and_then(|rule| self.grounds.rule_id(rule)),
            device: self.grounds.owner.device(),
            flow_hit: self.flow_hit,
            mode,
        }
    }
}
