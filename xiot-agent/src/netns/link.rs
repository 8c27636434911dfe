//! Interfaces: veth pairs between namespaces, bridges, addresses, routes. Speaks to iproute2, whose error
//! texts are known to everybody and whose batches fail as a whole.

use std::{
    fmt,
    io::{self, Write as _},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{NetnsError, namespace::Namespace, offload};

/// One end of a veth pair.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// Where it is.
    pub namespace: &'a Namespace,
    /// Its name there.
    pub interface: &'a str,
    /// Its MAC.
    pub mac: [u8; 6],
}

impl Namespace {
    /// Runs a script of `ip` inside, one command a line, up to the first that fails.
    pub fn ip(&self, script: &str) -> Result<(), NetnsError> {
        run_script(Some(self.name()), script)
    }

    /// Adds a bridge that is up, with `interfaces` enslaved. It sends nothing of its own: no spanning
    /// tree, no multicast queries, no IPv6 address.
    pub fn bridge(&self, bridge: &str, interfaces: &[&str]) -> Result<(), NetnsError> {
        self.ip(&format!(
            "link add {bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
        ))?;
        self.set(&format!("ipv6/conf/{bridge}/disable_ipv6"), "1")?;
        for interface in interfaces {
            self.ip(&format!("link set {interface} master {bridge}"))?;
        }
        self.ip(&format!("link set {bridge} up"))?;
        interfaces.iter().try_for_each(|i| self.silence(i))
    }

    /// Keeps a bridge from passing frames between this port and others that are isolated too.
    pub fn isolate(&self, interface: &str) -> Result<(), NetnsError> {
        self.ip(&format!(
            "link set {interface} type bridge_slave isolated on"
        ))
    }

    /// Gives an interface an address such as `10.30.1.12/24` or `fd00::12/64`, usable at once.
    pub fn address(&self, interface: &str, address: &str) -> Result<(), NetnsError> {
        let nodad = if address.contains(':') { " nodad" } else { "" };
        self.ip(&format!("address add {address} dev {interface}{nodad}"))
    }

    /// Keeps the kernel from sending anything by itself on an interface that only carries others' frames.
    pub fn silence(&self, interface: &str) -> Result<(), NetnsError> {
        self.set(&format!("ipv6/conf/{interface}/disable_ipv6"), "1")
    }
}

/// Lays a veth pair between two namespaces, both ends up, with checksums computed by the sender:
/// XDP hands frames on as they are, and a checksum left to hardware would never be filled in.
pub fn veth(ends: [End<'_>; 2], mtu: u32) -> Result<(), NetnsError> {
    let [a, b] = ends;
    run_script(
        None,
        &format!(
            "link add name {} address {} mtu {mtu} netns {} type veth peer name {} address {} mtu {mtu} netns {}",
            a.interface,
            Mac(a.mac),
            a.namespace.name(),
            b.interface,
            Mac(b.mac),
            b.namespace.name(),
        ),
    )?;
    for end in ends {
        offload::checksum_by_sender(end.namespace, end.interface)?;
        // No duplicate address detection: addresses are chosen here, and tests would wait for it.
        end.namespace
            .set(&format!("ipv6/conf/{}/accept_dad", end.interface), "0")?;
        end.namespace
            .ip(&format!("link set {} up", end.interface))?;
    }
    ends.into_iter().try_for_each(until_it_carries)
}

/// How long a worker of the kernel may take to put an end into service.
const IN_SERVICE: Duration = Duration::from_secs(10);

/// An end that is up is put into service by a worker of the kernel, later. What is sent before is lost, and no call says so.
fn until_it_carries(end: End<'_>) -> Result<(), NetnsError> {
    let deadline = Instant::now() + IN_SERVICE;
    loop {
        let mut command = Command::new("ip");
        command.args(["-n", end.namespace.name(), "link", "show", end.interface]);
        let output = command.output().map_err(not_started)?;
        if String::from_utf8_lossy(&output.stdout).contains(" state UP ") {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(NetnsError::NotInService {
                interface: end.interface.to_owned(),
            });
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A MAC as `ip` reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            let colon = if i == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

fn run_script(namespace: Option<&str>, script: &str) -> Result<(), NetnsError> {
    let mut command = Command::new("ip");
    if let Some(name) = namespace {
        command.args(["-n", name]);
    }
    let mut child = command
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_started)?;
    // Scripts are shorter than the pipe: `ip` need not read for this to return.
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| {
        stdin
            .write_all(script.as_bytes())
            .and_then(|()| stdin.write_all(b"\n"))
    });
    let output = child.wait_with_output().map_err(not_started)?;
    if output.status.success() {
        // An `ip` that gave up before it read closes the pipe, and says why itself.
        return written.map_err(not_started);
    }
    Err(NetnsError::Ip {
        namespace: namespace.unwrap_or("-").to_owned(),
        script: script.trim_end().to_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn not_started(source: io::Error) -> NetnsError {
    NetnsError::Start {
        program: "ip".to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::{End, run_script, veth};
    use crate::netns::{NetnsError, name, namespace::Namespace};

    fn pair(label: &str) -> (Namespace, Namespace) {
        let number = name::next_number();
        let [a, b] = ["a", "b"].map(|end| name::of_run(number, &format!("{label}-{end}")));
        (
            Namespace::create(&a).unwrap(),
            Namespace::create(&b).unwrap(),
        )
    }

    #[test]
    fn an_ip_that_reads_no_script_says_why_itself() {
        // Longer than a pipe, so that the write is still waiting when `ip` gives up.
        let script = "link show lo\n".repeat(10_000);
        let error = run_script(Some("xiot-no-such-namespace"), &script).unwrap_err();
        assert!(
            matches!(&error, NetnsError::Ip { stderr, .. } if stderr.contains("namespace")),
            "{error:?}"
        );
    }

    #[test]
    fn a_pair_carries_pings_both_ways() {
        let (a, b) = pair("ping");
        let end = |namespace, last| End {
            namespace,
            interface: "eth0",
            mac: [2, 0, 0, 0, 0, last],
        };
        veth([end(&a, 1), end(&b, 2)], 1500).unwrap();
        for (namespace, last) in [(&a, 1), (&b, 2)] {
            namespace
                .address("eth0", &format!("192.0.2.{last}/24"))
                .unwrap();
            namespace
                .address("eth0", &format!("2001:db8::{last}/64"))
                .unwrap();
        }
        for (namespace, to) in [(&a, "192.0.2.2"), (&b, "192.0.2.1"), (&a, "2001:db8::2")] {
            let ping = namespace
                .command("ping")
                .unwrap()
                .args(["-c1", "-W5", to])
                .output()
                .unwrap();
            assert!(ping.status.success(), "{to}: {ping:?}");
        }
    }

    #[test]
    fn a_bad_script_is_quoted_with_what_ip_said() {
        let (a, _b) = pair("bad");
        let error = a.ip("link set lo up\nlink set nowhere up").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("link set nowhere up"), "{text}");
        assert!(text.contains("nowhere"), "{text}");
        assert!(matches!(error, NetnsError::Ip { .. }));
    }
}
