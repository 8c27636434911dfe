//! Whoever asks meanwhile: each question is answered, or refused in words, in time.

use std::{
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use xiot_agent::netns::process::Running;
use xiot_tests::{
    net::rig::Rig,
    until::{pace, patience},
};

use crate::AGENT;

/// What is asked.
const QUESTIONS: [&str; 7] = [
    "status",
    "flows",
    "devices",
    "drops --json",
    "history",
    "observed",
    "explain --device pump-1 --to server tcp 3613",
];
/// Done, nothing known of that, no agent, an agent that ended amid the answer.
const ENDS: [i32; 4] = [0, 2, 7, 8];

/// Asks until one of these is set.
pub(super) fn look(rig: &Rig, over: [&AtomicBool; 2]) {
    for question in QUESTIONS.iter().cycle() {
        if over.iter().any(|over| over.load(Ordering::Acquire)) {
            return;
        }
        let next = Instant::now() + Duration::from_millis(200);
        let mut command = rig.gateway.command(AGENT).unwrap();
        command
            .args(question.split(' '))
            .env("XIOT_SOCKET", rig.file("control.sock"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut running = Running::start(&mut command).unwrap();
        let ended = running.wait(patience()).unwrap();
        let code = ended.and_then(|status| status.code());
        assert!(
            code.is_some_and(|code| ENDS.contains(&code)),
            "{question}: {ended:?}"
        );
        pace(next);
    }
}
