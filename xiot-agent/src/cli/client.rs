//! Asks the running agent for the commands that show what it knows.

use std::path::Path;

use super::{exit::Failure, output};
use crate::api::{
    client::{self, Answers, ClientError},
    wire::{Answer, Ask},
};

/// Every answer to a question, each picked out of its line.
pub(super) fn all<T>(
    socket: &Path,
    ask: Ask,
    pick: impl FnMut(Answer) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    each(client::ask(socket, ask)?, pick)
}

fn each<T>(
    mut answers: Answers,
    mut pick: impl FnMut(Answer) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    while let Some(answer) = answers.next() {
        all.push(pick(answer?).ok_or_else(|| answers.foreign())?);
    }
    Ok(all)
}

/// What a question with a limit is answered with.
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) left_out: u64,
}

impl<T> List<T> {
    /// Says on standard error, so that the list stays one, that there is more.
    pub(super) fn tell_left_out(&self) -> Result<(), Failure> {
        if self.left_out == 0 {
            return Ok(());
        }
        output::note(&format!("{} more are not shown (--limit)", self.left_out))
    }
}

/// Every answer to a question with a limit, each picked out of its line.
pub(super) fn list<T>(
    socket: &Path,
    ask: Ask,
    pick: impl Fn(Answer) -> Option<T>,
) -> Result<List<T>, Failure> {
    let mut list = List {
        items: Vec::new(),
        left_out: 0,
    };
    let mut answers = client::ask(socket, ask)?;
    while let Some(answer) = answers.next() {
        let answer = answer?;
        if let Answer::LeftOut(left_out) = answer {
            list.left_out = left_out;
        } else {
            list.items
                .push(pick(answer).ok_or_else(|| answers.foreign())?);
        }
    }
    Ok(list)
}

/// The only answer to a question.
pub(super) fn one<T>(
    socket: &Path,
    ask: Ask,
    pick: impl Fn(Answer) -> Option<T>,
) -> Result<T, Failure> {
    one_with(socket, ask, &[], pick)
}

/// The same of a question that something follows.
pub(super) fn one_with<T>(
    socket: &Path,
    ask: Ask,
    body: &[u8],
    pick: impl Fn(Answer) -> Option<T>,
) -> Result<T, Failure> {
    each(client::ask_with(socket, ask, body)?, pick)?
        .into_iter()
        .next()
        .ok_or_else(|| {
            ClientError::Broken {
                socket: socket.to_owned(),
                source: None,
            }
            .into()
        })
}
