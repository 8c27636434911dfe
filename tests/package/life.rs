//! A package from installation to purge, and the ward meanwhile.

use std::net::TcpStream;

use xiot_tests::{
    net::{
        rig::{DEVICE_PORT, Rig, UPLINK_PORT},
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::until,
};

use crate::{machine::Machine, packed};

const POLICY: &str = r#"onboarding: enforce
peer_sets:
  server: [10.30.1.1]
profiles:
  pump: {allow: [{to: server, tcp: 3613}]}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: pump, mode: enforce}
"#;

const GATEWAY: &str = "/etc/xiot/gateway.yaml";
const CHECK: [&str; 6] = [
    "xiot-agent",
    "check",
    "--gateway",
    GATEWAY,
    "--policy",
    "/etc/xiot/policy.yaml",
];
const UNIT: &str = "xiot-agent";

/// A system call that the unit does not allow ends the agent here, in place of an error that it might get over. There is no journal.
const STRICT: &str = "[Service]\nSystemCallErrorNumber=kill\nStandardError=append:/run/agent.log\n";

/// A ward with a session through the machine, and the machine.
struct Ward<'r> {
    rig: &'r Rig,
    machine: &'r Machine,
    server: EchoServer,
}

impl Ward<'_> {
    fn configure(&self) {
        let wires = format!(
            "wires:\n  - {{name: ward-3, device: {DEVICE_PORT}, uplink: {UPLINK_PORT}}}\ncontrol: {{group: daemon}}\ngrace: 0s\n"
        );
        self.machine.write(GATEWAY, &wires);
        self.machine.write("/etc/xiot/policy.yaml", POLICY);
    }

    fn connect(&self) -> TcpStream {
        connect(&self.rig.device, self.server.address())
    }

    /// The wire enforces: it lets through what policy allows, and nothing else.
    #[track_caller]
    fn assert_enforced(&self, session: &mut TcpStream) {
        exchange(session, 1_000);
        let mut denied = self.server.address();
        denied.set_port(3614);
        assert!(connect_is_lost(&self.rig.device, denied));
    }

    #[track_caller]
    fn pid(&self) -> String {
        assert_eq!(self.machine.property("ActiveState"), "active");
        self.machine.property("MainPID")
    }
}

#[test]
fn a_package_from_installation_to_purge() {
    let rig = Rig::new();
    let machine = match Machine::boot(&rig) {
        Ok(machine) => machine,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let ward = Ward {
        rig: &rig,
        machine: &machine,
        server: EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613),
    };
    install(&ward);
    let mut session = start(&ward);
    reload(&ward, &mut session);
    upgrade(&ward, &mut session);
    stop(&ward, &mut session);
    remove(&ward);
}

/// Copies a package to where the machine finds it.
fn bring(ward: &Ward<'_>, version: &str) -> String {
    let package = packed(version, ward.rig.scratch.path());
    let name = package.file_name().unwrap().to_str().unwrap();
    // The directory is below /run, which is the machine's own.
    let here = format!("/tmp/{name}");
    ward.machine.take(&package, &here);
    here
}

fn install(ward: &Ward<'_>) {
    let machine = ward.machine;
    let said = machine.say(&["dpkg", "--install", &bring(ward, "0.1.0-1")]);
    assert!(said.contains("systemctl enable --now xiot-agent"), "{said}");
    // Nothing starts, now or at the next boot.
    assert_eq!(machine.property("ActiveState"), "inactive");
    machine.refuse(&["systemctl", "is-enabled", UNIT]);
    // The files that come with it are right, and start nothing where somebody forgets to change them.
    assert!(machine.say(&CHECK).starts_with("ok"));
    let examples = "/usr/share/doc/xiot-agent/deploy/examples";
    let [gateway, policy] = ["gateway", "policy"].map(|name| format!("{examples}/{name}.yaml"));
    machine.say(&[
        "xiot-agent",
        "check",
        "--gateway",
        &gateway,
        "--policy",
        &policy,
    ]);
    machine.say(&[
        "systemd-analyze",
        "verify",
        "--man=no",
        "xiot-agent.service",
    ]);
    let pages = machine.say(&[
        "sh",
        "-c",
        "ls /usr/share/man/man8/xiot-agent*.8.gz | wc -l",
    ]);
    assert!(pages.trim().parse::<u32>().unwrap() > 10, "{pages}");
}

fn start(ward: &Ward<'_>) -> TcpStream {
    let machine = ward.machine;
    ward.configure();
    machine.write(
        "/etc/systemd/system/xiot-agent.service.d/strict.conf",
        STRICT,
    );
    machine.say(&["systemctl", "daemon-reload"]);
    machine.say(&["systemctl", "enable", "--now", UNIT]);
    let pid = ward.pid();
    let status = machine.say(&["cat", &format!("/proc/{pid}/status")]);
    // CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF; and a seccomp filter.
    for line in [
        "CapEff:\t000000c000001000",
        "CapPrm:\t000000c000001000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(status.contains(line), "{line}: {status}");
    }
    let text = machine.property("StatusText");
    assert!(
        text.starts_with("policy ") && text.ends_with("revision 1"),
        "{text}"
    );
    let socket = machine.say(&["stat", "-c", "%a %U %G", "/run/xiot/control.sock"]);
    assert_eq!(socket.trim(), "660 root daemon");
    let mut session = ward.connect();
    ward.assert_enforced(&mut session);
    // All that it does, within what the unit lets it.
    for command in [
        "status", "devices", "observed", "flows", "bindings", "drops",
    ] {
        machine.say(&["xiot-agent", command]);
    }
    let explained = machine.say(&[
        "xiot-agent",
        "explain",
        "--device",
        "pump-1",
        "--to",
        "server",
        "tcp",
        "22",
    ]);
    assert!(
        explained.contains("judged by the XDP program"),
        "{explained}"
    );
    let script = "exec 3<>/dev/tcp/127.0.0.1/9469; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; head -c 15 <&3";
    assert_eq!(machine.say(&["bash", "-c", script]), "HTTP/1.0 200 OK");
    assert_eq!(ward.pid(), pid);
    session
}

fn reload(ward: &Ward<'_>, session: &mut TcpStream) {
    let (machine, pid) = (ward.machine, ward.pid());
    let text = machine.property("StatusText");
    machine.write("/etc/xiot/policy.yaml", "nonsense: 1\n");
    machine.refuse(&["systemctl", "reload", UNIT]);
    assert_eq!(machine.property("StatusText"), text);
    let policy = POLICY.replace("tcp: 3613", "tcp: [3613, 3615]");
    machine.write("/etc/xiot/policy.yaml", &policy);
    machine.say(&["systemctl", "reload", UNIT]);
    assert_ne!(machine.property("StatusText"), text);
    ward.assert_enforced(session);
    assert_eq!(ward.pid(), pid);
    // An agent that hangs is replaced.
    machine.write(
        "/etc/systemd/system/xiot-agent.service.d/strict.conf",
        &format!("{STRICT}WatchdogSec=1\n"),
    );
    machine.say(&["systemctl", "daemon-reload"]);
    machine.say(&["systemctl", "restart", UNIT]);
    let pid = ward.pid();
    machine.say(&["kill", "-STOP", &pid]);
    until("another agent", || {
        let is_other = machine.property("MainPID") != pid && machine.property("MainPID") != "0";
        (is_other && machine.property("ActiveState") == "active").then_some(())
    });
    ward.assert_enforced(session);
    machine.write(
        "/etc/systemd/system/xiot-agent.service.d/strict.conf",
        STRICT,
    );
    machine.say(&["systemctl", "daemon-reload"]);
    machine.say(&["systemctl", "restart", UNIT]);
    ward.assert_enforced(session);
}

fn upgrade(ward: &Ward<'_>, session: &mut TcpStream) {
    let machine = ward.machine;
    let package = bring(ward, "0.1.0-2");
    // Files that the new version does not take: the agent of the old one goes on.
    let pid = ward.pid();
    let files = machine.say(&["cat", GATEWAY]);
    machine.write(GATEWAY, "nonsense: 1\n");
    let said = machine.say(&["dpkg", "--install", &package]);
    assert!(said.contains("not restarted"), "{said}");
    assert_eq!(ward.pid(), pid);
    machine.write(GATEWAY, &files);
    // As it should be: another agent, the same session, the operator's files.
    machine.say(&["dpkg", "--install", &package]);
    assert_ne!(ward.pid(), pid);
    assert_eq!(machine.say(&["cat", GATEWAY]), files);
    assert!(
        machine
            .say(&["dpkg", "--status", UNIT])
            .contains("Version: 0.1.0-2")
    );
    ward.assert_enforced(session);
}

fn stop(ward: &Ward<'_>, session: &mut TcpStream) {
    let machine = ward.machine;
    machine.say(&["systemctl", "stop", UNIT]);
    ward.assert_enforced(session);
    let left = machine.say(&["xiot-agent", "status", "--gateway", GATEWAY]);
    assert!(left.contains("enforcement goes on without one"), "{left}");
    // Nobody is left without the tool that takes the program off.
    let said = machine.refuse(&["dpkg", "--remove", UNIT]);
    assert!(said.contains("xiot-agent detach"), "{said}");
    machine.say(&CHECK);
    ward.assert_enforced(session);
}

fn remove(ward: &Ward<'_>) {
    let machine = ward.machine;
    machine.say(&["systemctl", "disable", "--now", UNIT]);
    machine.say(&["xiot-agent", "detach", "--gateway", GATEWAY]);
    machine.say(&["dpkg", "--remove", UNIT]);
    assert!(!machine.has("/usr/sbin/xiot-agent"));
    assert!(machine.has(GATEWAY) && machine.has("/var/lib/xiot"));
    machine.say(&["rm", "-r", "/etc/systemd/system/xiot-agent.service.d"]);
    machine.say(&["dpkg", "--purge", UNIT]);
    assert_eq!(machine.added("*xiot*"), "");
    for place in ["/run/xiot", "/sys/fs/bpf/xiot"] {
        assert!(!machine.has(place), "{place}");
    }
    machine.refuse(&["dpkg", "--status", UNIT]);
}
