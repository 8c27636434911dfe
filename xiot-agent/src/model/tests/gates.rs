//! Gates between modes.

use super::{Case, messages, policy, report};
use crate::{
    diag::Code,
    model::gates::{Coverage, Gate, Gates},
};

pub(super) const CASES: &[Case] = &[(
    "gates that are none",
    &[
        Code::UnknownKey,
        Code::BadDuration,
        Code::BadNumber,
        Code::UnknownValue,
        Code::BadNumber,
        Code::UnknownKey,
        Code::BadDuration,
    ],
    "onboarding: learn
gates:
  hihg: {watched: 1d}
  low: {watched: 2, unseen: 0.5, coverage: weekend}
  high: {unseen: 100.1 %, silent: 3d, quiet: 500d}
",
)];

#[test]
fn gates_say_what_would_be_right() {
    insta::assert_snapshot!(messages(CASES, report));
}

#[test]
fn what_a_gate_does_not_name_is_as_by_default() {
    let policy = policy(
        "onboarding: learn
gates:
  monitor: {watched: 90m}
  life-sustaining: {watched: 56d, unseen: 0.2%, quiet: 21d}
  low: {unseen: 100 %, coverage: any, quiet: 0s}
",
    );
    let default = Gates::default();
    assert_eq!(
        policy.gates,
        Gates {
            monitor: Gate {
                watched: 2,
                ..default.monitor
            },
            life_sustaining: Gate {
                watched: 56 * 24,
                unseen: 2,
                quiet: 21 * 24,
                coverage: Coverage::All,
            },
            low: Gate {
                unseen: 1000,
                coverage: Coverage::Any,
                quiet: 0,
                ..default.low
            },
            ..default
        }
    );
}
