//! The client side of the control socket, blocking: what the command line uses.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::wire::{Answer, Ask, Refusal, Reply, Request, VERSION};

/// Time that the agent has for each line of an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same where it reads and compiles its files, or loads a program to ask: the largest policy takes some ten seconds on a fast
/// machine.
const LONG_PATIENCE: Duration = Duration::from_mins(5);

/// No answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error(
        "no agent listens on {}: start one with `xiot-agent run`, or name its socket with --socket or XIOT_SOCKET", socket.display()
    )]
    NoAgent {
        /// The socket.
        socket: PathBuf,
    },
    /// The kernel does not let the caller at the socket.
    #[error(
        "not permitted to use {}: it is for root and members of the group that the gateway file names (control.group)", socket.display()
    )]
    NotPermitted {
        /// The socket.
        socket: PathBuf,
    },
    /// The agent does not answer.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The agent answered something else than was asked, in a version that this program does not know.
    #[error("the agent at {} answers in a way that this xiot-agent does not understand: use the one of the same release", socket.display())]
    Foreign {
        /// The socket.
        socket: PathBuf,
    },
    /// The agent went away in the middle of an answer.
    #[error("the agent at {} stopped answering", socket.display())]
    Broken {
        /// The socket.
        socket: PathBuf,
        /// Why, where there is a reason.
        source: Option<io::Error>,
    },
    /// Any other failure.
    #[error("can't use {}: {source}", socket.display())]
    Io {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A question that was put; iterate over the lines of its answer, which end where they end.
#[derive(Debug)]
pub struct Answers {
    socket: PathBuf,
    reader: BufReader<UnixStream>,
    line: String,
    done: bool,
}

/// Puts a question to the agent at this socket.
pub fn ask(socket: &Path, ask: Ask) -> Result<Answers, ClientError> {
    ask_with(socket, ask, &[])
}

/// The same, with what follows it.
pub fn ask_with(socket: &Path, ask: Ask, body: &[u8]) -> Result<Answers, ClientError> {
    let mut stream = UnixStream::connect(socket).map_err(|source| {
        let socket = socket.to_owned();
        let kind = source.kind();
        if matches!(
            kind,
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
        ) {
            ClientError::NoAgent { socket }
        } else if kind == io::ErrorKind::PermissionDenied {
            ClientError::NotPermitted { socket }
        } else {
            ClientError::Io { socket, source }
        }
    })?;
    let patience = match &ask {
        Ask::Drops(query) if query.follow => None,
        Ask::Reload
        | Ask::Plan(_)
        | Ask::Change(_)
        | Ask::Explain(_)
        | Ask::Learned(_)
        | Ask::Propose(_)
        | Ask::Simulate(_)
        | Ask::Compare(_)
        | Ask::Promotion(_) => Some(LONG_PATIENCE),
        Ask::Status
        | Ask::Devices
        | Ask::Flows(_)
        | Ask::Bindings(_)
        | Ask::Names(_)
        | Ask::Observed(_)
        | Ask::Drops(_)
        | Ask::Confirm
        | Ask::History(_)
        | Ask::Texts(_)
        | Ask::Decide(_) => Some(PATIENCE),
    };
    stream
        .set_read_timeout(patience)
        .map_err(|source| io_error(socket, source))?;
    let mut line = serde_json::to_vec(&Request {
        version: VERSION,
        ask,
    })
    .map_err(|error| io_error(socket, error.into()))?;
    line.push(b'\n');
    let sent = stream
        .write_all(&line)
        .and_then(|()| stream.write_all(body));
    if let Err(source) = sent
        && source.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(io_error(socket, source));
    }
    // A refusal may have been sent before the question arrived: read on after a broken pipe.
    Ok(Answers {
        socket: socket.to_owned(),
        reader: BufReader::new(stream),
        line: String::new(),
        done: false,
    })
}

fn io_error(socket: &Path, source: io::Error) -> ClientError {
    ClientError::Io {
        socket: socket.to_owned(),
        source,
    }
}

impl Answers {
    fn read(&mut self) -> Result<Answer, ClientError> {
        self.line.clear();
        let length = self.reader.read_line(&mut self.line);
        match length {
            Ok(0) => return Err(self.broken(None)),
            Ok(_) => {}
            Err(error) => return Err(self.broken(Some(error))),
        }
        match serde_json::from_str(&self.line) {
            Ok(Reply {
                version: VERSION,
                reply,
            }) => Ok(reply),
            Ok(_) | Err(_) => Err(ClientError::Foreign {
                socket: self.socket.clone(),
            }),
        }
    }

    fn broken(&self, source: Option<io::Error>) -> ClientError {
        ClientError::Broken {
            socket: self.socket.clone(),
            source,
        }
    }

    /// The error of an answer of another kind than was asked for.
    pub fn foreign(&self) -> ClientError {
        ClientError::Foreign {
            socket: self.socket.clone(),
        }
    }
}

impl Iterator for Answers {
    type Item = Result<Answer, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.read() {
            Ok(Answer::End) => {
                self.done = true;
                None
            }
            Ok(Answer::Refused(refusal)) => {
                self.done = true;
                Some(Err(ClientError::Refused(refusal)))
            }
            Ok(answer) => Some(Ok(answer)),
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}
