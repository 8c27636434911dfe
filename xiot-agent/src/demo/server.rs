//! What answers on a host of the ward: a line for a line, on every port that is asked for.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Stdio,
    thread,
};

use anyhow::{Context as _, Result, ensure};

use super::hospital::Host;
use crate::netns::process::Running;

/// Printed once every port is open.
const LISTENING: &str = "LISTENING";

/// Starts the services of a host and waits until they answer.
pub(super) fn start(host: &Host, ports: &[u16], lasting: bool) -> Result<Running> {
    let agent = std::env::current_exe().context("could not find the own binary")?;
    let mut command = if lasting {
        host.namespace.lasting_command(agent)?
    } else {
        host.namespace.command(agent)?
    };
    let list: Vec<_> = ports.iter().map(ToString::to_string).collect();
    let mut running = Running::start(
        command
            .args(["demo", "--serve", &list.join(",")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // What outlives the demo must not hold its output open.
            .stderr(Stdio::null()),
    )?;
    let output = running.child().stdout.take();
    let mut line = String::new();
    if let Some(output) = output {
        BufReader::new(output).read_line(&mut line)?;
    }
    ensure!(line.trim() == LISTENING, "it ended at once");
    Ok(running)
}

/// Listens on these ports, for good.
pub(super) fn serve(ports: &[u16]) -> Result<()> {
    let listeners = ports
        .iter()
        .map(|port| {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port))
                .with_context(|| format!("could not listen on port {port}"))
        })
        .collect::<Result<Vec<_>>>()?;
    writeln!(io::stdout(), "{LISTENING}")?;
    let threads: Vec<_> = listeners
        .into_iter()
        .map(|listener| thread::spawn(move || accept(&listener)))
        .collect();
    for thread in threads {
        thread
            .join()
            .map_err(|_panic| io::Error::other("a listener panicked"))?;
    }
    Ok(())
}

fn accept(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || {
            if let Err(error) = answer(stream) {
                tracing::debug!(%error, "A client went away.");
            }
        });
    }
}

fn answer(stream: TcpStream) -> io::Result<()> {
    let mut writer = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        writeln!(writer, "ack {}", line?)?;
    }
    Ok(())
}
