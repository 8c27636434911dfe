//! A port scan with nmap.

use std::{collections::BTreeMap, process::Stdio};

use anyhow::{Context as _, Result, ensure};

use super::hospital::Host;

/// What is scanned: everything well known, and what the pump really has open.
const PORTS: &str = "1-1000,3613,8000-8009";

/// How many ports are in [`PORTS`].
pub(super) const COUNT: usize = 1011;

/// What nmap found: how many ports are in each state, and which are open.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Found {
    states: BTreeMap<String, usize>,
    open: Vec<u16>,
}

impl Found {
    /// Ports in a state.
    pub(super) fn count(&self, state: &str) -> usize {
        self.states.get(state).copied().unwrap_or(0)
    }

    /// In words: what is open, then how many are not.
    pub(super) fn words(&self) -> String {
        let mut words: Vec<_> = self
            .states
            .iter()
            .filter(|(state, _)| *state != "open")
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let open: Vec<_> = self.open.iter().map(ToString::to_string).collect();
        words.insert(
            0,
            match open.as_slice() {
                [] => "none open".to_owned(),
                ports => format!("open {}", ports.join(" ")),
            },
        );
        words.join(", ")
    }
}

/// Half-open scan of a host, as an attacker in a hurry would do it.
pub(super) fn scan(from: &Host, to: &Host) -> Result<Found> {
    let output = from
        .namespace
        .command("nmap")?
        .args(["-sS", "-Pn", "-n", "-T5", "--max-retries", "1"])
        // By the kernel's sockets: nmap's own ARP gives up on a busy machine before the answer is there.
        .args(["--send-ip", "--disable-arp-ping"])
        .args(["--min-rate", "1000", "-oG", "-", "-p", PORTS])
        .arg(to.address.to_string())
        .stdin(Stdio::null())
        .output()
        .context("could not run nmap")?;
    ensure!(
        output.status.success(),
        "nmap failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    parse(&String::from_utf8_lossy(&output.stdout)).context("nmap printed no result")
}

/// Reads the grepable output: `Ports: 23/open/tcp//telnet///<tab>Ignored State: closed (1009)`.
fn parse(text: &str) -> Option<Found> {
    let line = text
        .lines()
        .find(|line| line.contains("Ports: ") || line.contains("Ignored State: "))?;
    let mut found = Found::default();
    for field in line.split('\t') {
        if let Some((_, list)) = field.split_once("Ports: ") {
            for entry in list
                .split(", ")
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
            {
                let mut parts = entry.split('/');
                let port = parts.next()?.parse().ok()?;
                let state = parts.next()?;
                *found.states.entry(state.to_owned()).or_default() += 1;
                if state == "open" {
                    found.open.push(port);
                }
            }
        } else if let Some((_, rest)) = field.split_once("Ignored State: ") {
            let (state, count) = rest.split_once(" (")?;
            let count: usize = count.trim_end_matches(')').parse().ok()?;
            *found.states.entry(state.to_owned()).or_default() += count;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn open_and_ignored_ports_are_counted() {
        let text = "# Nmap\nHost: 10.30.1.12 ()\tStatus: Up\nHost: 10.30.1.12 ()\tPorts: 23/open/tcp//telnet///, \
                    8000/open/tcp//http-alt///\tIgnored State: closed (1009)\n# done";
        let found = parse(text).unwrap();
        assert_eq!(found.count("closed"), 1009);
        assert_eq!(found.words(), "open 23 8000, 1009 closed");
    }

    #[test]
    fn nothing_but_ignored_ports_is_a_result() {
        let found = parse("Host: 10.30.1.12 ()\tPorts: \tIgnored State: filtered (1011)").unwrap();
        assert_eq!(found.count("filtered"), 1011);
        assert_eq!(found.words(), "none open, 1011 filtered");
    }

    #[test]
    fn no_result_is_none() {
        assert_eq!(parse("Host: 10.30.1.12 ()\tStatus: Up"), None);
    }
}
