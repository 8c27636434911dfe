//! The language as a whole: files in, policies and messages out.

mod accept;

use crate::{
    diag::Style,
    model::{Loaded, load_policy, policy::Policy},
};

/// The policy of a text that has nothing wrong with it.
fn policy(text: &str) -> Policy {
    let Loaded { value, report, .. } = load_policy("policy.yaml", text);
    assert!(report.is_clean(), "{}", report.render(Style::Plain));
    value.unwrap()
}
