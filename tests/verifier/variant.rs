//! The variants of the program that the agent loads: one for each choice that changes what the verifier sees.

use xiot_agent::datapath::Options;

/// In a build with the program's log every variant is another one, with a name of its own.
macro_rules! name {
    ($name:literal) => {
        if cfg!(feature = "bpf-log") {
            concat!("log-", $name)
        } else {
            $name
        }
    };
}

/// The program for what is routed to a segment, which the variant `router` loads too.
pub(crate) const HOP: &str = name!("hop");

/// Names and options, at the sizes that are used where none are configured.
pub(crate) fn variants() -> Vec<(&'static str, Options)> {
    let plain = Options::default();
    let guards = Options {
        guards: Some(Vec::new()),
        ..Options::default()
    };
    let trace = Options {
        trace: true,
        ..guards.clone()
    };
    let router = Options {
        routed: true,
        ..trace.clone()
    };
    vec![
        (name!("plain"), plain),
        (name!("guards"), guards),
        (name!("trace"), trace),
        (name!("router"), router),
    ]
}

/// What the entry of a variant is called: it has a program of its own.
pub(crate) fn entry_of(variant: &str) -> String {
    format!("{variant}-entry")
}
