//! What hosts of the ward do: ask a server, send an echo request. All with the host's own stack.

use std::{
    fmt,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::hospital::Host;

/// How long a conversation is given: many round trips here, and one retransmitted SYN.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How it shows that nothing came back, be it to ARP, to a SYN or to a line.
const SILENCE: [io::ErrorKind; 3] = [
    io::ErrorKind::TimedOut,
    io::ErrorKind::WouldBlock,
    io::ErrorKind::HostUnreachable,
];

/// What somebody who asked gets to hear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Heard {
    /// An answer.
    Answer,
    /// That nobody listens there: the host was reached.
    Refusal,
    /// Nothing at all.
    Nothing,
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer => "answered",
            Self::Refusal => "refused by the host",
            Self::Nothing => "silence",
        })
    }
}

/// Opens a TCP conversation, says a line and waits for one.
pub(super) fn ask(from: &Host, to: &Host, port: u16) -> Result<Heard> {
    let address = SocketAddr::from((to.address, port));
    let outcome = from.namespace.run(|| converse(address))?;
    let Err(error) = outcome else {
        return Ok(Heard::Answer);
    };
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        Ok(Heard::Refusal)
    } else if SILENCE.contains(&kind) {
        Ok(Heard::Nothing)
    } else {
        Err(error).with_context(|| format!("{} could not ask {address}", from.label))
    }
}

fn converse(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(stream, "hello")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    if line == "ack hello\n" {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Sends one echo request.
pub(super) fn ping(from: &Host, to: &Host) -> Result<Heard> {
    let status = from
        .namespace
        .command("ping")?
        .args(["-n", "-q", "-c1", "-W2", &to.address.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("could not run ping")?;
    Ok(if status.success() {
        Heard::Answer
    } else {
        Heard::Nothing
    })
}
