//! Files that are not YAML, or more of it than belongs into a policy.

use super::{Case, messages, report};
use crate::diag::Code;

pub(super) const CASES: &[Case] = &[
    ("an empty file", &[Code::WrongType], ""),
    ("only a comment", &[Code::WrongType], "# nothing yet\n"),
    ("prose", &[Code::WrongType], "let nothing in\n"),
    (
        "a list that is not closed",
        &[Code::Syntax],
        "onboarding: learn\npeer_sets:\n  pacs: [10.20.4.0/28, 10.20.5.1\nprofiles: {}\n",
    ),
    (
        "a list that is not closed at the end of the file",
        &[Code::Syntax],
        "onboarding: learn\npeer_sets:\n  pacs: [10.20.4.0/28,\n",
    ),
    (
        "a map that is not closed",
        &[Code::Syntax],
        "onboarding: learn\nservices:\n  dns: {servers: 10.0.0.1\n  ntp: {servers: 10.0.0.2}\n",
    ),
    (
        "quotes that are not closed",
        &[Code::Syntax],
        "onboarding: \"learn\nprofiles: {}\n",
    ),
    (
        "a colon in plain text",
        &[Code::Syntax],
        "onboarding: learn\nprofiles:\n  pump:\n    allow:\n      - to: any\n        tcp: 80\n        note: see ticket: 4711\n",
    ),
    (
        "a key without a colon",
        &[Code::Syntax],
        "onboarding: learn\nprofiles\ndevices: []\n",
    ),
    (
        "keys indented differently",
        &[Code::Syntax],
        "onboarding: learn\nprofiles:\n  pump:\n    criticality: low\n   allow: []\n",
    ),
    (
        "a tab for indentation",
        &[Code::Tab],
        "onboarding: learn\nprofiles:\n\tpump:\n\t\tallow: []\n",
    ),
    (
        "a value that begins with a reserved character",
        &[Code::Syntax],
        "onboarding: @learn\n",
    ),
    (
        "an alias without an anchor",
        &[Code::Syntax],
        "onboarding: learn\npeer_sets:\n  pacs: *common\n",
    ),
    (
        "an alias within its own anchor",
        &[Code::Syntax],
        "onboarding: learn\npeer_sets:\n  pacs: &pacs [10.0.0.1, *pacs]\n",
    ),
    (
        "two documents",
        &[Code::SecondDocument],
        "onboarding: learn\n---\nonboarding: enforce\n",
    ),
    ("a tag", &[Code::Tag], "onboarding: !!str learn\n"),
    (
        "a directive",
        &[Code::Syntax],
        "%YAML 1.1\n---\nonboarding: learn\n",
    ),
    (
        "a NUL byte",
        &[Code::NotText],
        "onboarding: learn\0\nprofiles: {}\n",
    ),
    (
        "a mark that turns the direction of writing",
        &[Code::NotText],
        "onboarding: learn # \u{202e}ecrofne\n",
    ),
];

#[test]
fn each_is_one_message_with_its_place() {
    insta::assert_snapshot!(messages(CASES, report));
}
