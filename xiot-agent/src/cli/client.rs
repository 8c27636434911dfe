//! Asks the running agent for the commands that show what it knows.

use std::path::Path;

use super::exit::Failure;
use crate::api::{
    client::{self, ClientError},
    wire::{Answer, Ask},
};

/// Every answer to a question, each picked out of its line.
pub(super) fn all<T>(
    socket: &Path,
    ask: Ask,
    pick: impl Fn(Answer) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let mut answers = client::ask(socket, ask)?;
    let mut all = Vec::new();
    while let Some(answer) = answers.next() {
        all.push(pick(answer?).ok_or_else(|| answers.foreign())?);
    }
    Ok(all)
}

/// The only answer to a question.
pub(super) fn one<T>(
    socket: &Path,
    ask: Ask,
    pick: impl Fn(Answer) -> Option<T>,
) -> Result<T, Failure> {
    all(socket, ask, pick)?.into_iter().next().ok_or_else(|| {
        ClientError::Broken {
            socket: socket.to_owned(),
            source: None,
        }
        .into()
    })
}
