//! What a live agent holds, and that it goes on to do its work with no more.

use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt as _, thread};

use rustix::{
    process::Signal,
    thread::{CapabilitySet, CapabilitySets, set_capabilities},
};
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, exchange},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, gateway, run, write},
};

/// What loading takes, and nothing else.
const NEEDED: CapabilitySet = CapabilitySet::BPF
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::PERFMON);

/// A line of `/proc/PID/task/TID/status` of every thread.
fn of_each_thread(pid: u32, line: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let mut values = Vec::new();
    for thread in threads {
        // A thread that had nothing to do for a while ends.
        let Ok(status) = fs::read_to_string(thread.unwrap().path().join("status")) else {
            continue;
        };
        let value = status.lines().find_map(|it| it.strip_prefix(line)).unwrap();
        values.push(value.trim_start_matches(':').trim().to_owned());
    }
    assert!(!values.is_empty());
    values
}

#[track_caller]
fn assert_holds(agent: &mut Agent<'_>, held: CapabilitySet, bound: CapabilitySet) {
    let pid = agent.running().id();
    for (line, expected) in [
        ("CapPrm", held),
        ("CapEff", held),
        ("CapBnd", bound),
        ("CapInh", CapabilitySet::empty()),
        ("CapAmb", CapabilitySet::empty()),
    ] {
        for value in of_each_thread(pid, line) {
            assert_eq!(value, format!("{:016x}", expected.bits()), "{line}");
        }
    }
    for value in of_each_thread(pid, "NoNewPrivs") {
        assert_eq!(value, "1");
    }
}

#[test]
fn an_agent_of_root_keeps_three_capabilities_and_does_all_of_its_work_with_them() {
    let rig = Rig::new();
    let mut agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    assert_holds(&mut agent, NEEDED, NEEDED);
    // Threads that serve requests are started later.
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    exchange(&mut connect(&rig.device, server.address()), 1_000);
    for command in [
        "status", "devices", "observed", "flows", "bindings", "drops",
    ] {
        agent.say(&[command]);
    }
    let explained = agent.say(&[
        "explain", "--device", "pump-1", "--to", "server", "tcp", "3614",
    ]);
    assert!(
        explained.contains("judged by the XDP program"),
        "{explained}"
    );
    let other = POLICY.replace("tcp: 3613", "tcp: 3614");
    write(&rig, &gateway(&rig, ""), &other);
    assert!(agent.say(&["reload"]).contains("in force"));
    agent.say(&["quarantine", "pump-1"]);
    agent.say(&["release", "pump-1"]);
    assert_holds(&mut agent, NEEDED, NEEDED);
    // The end detaches, and puts interfaces back.
    agent.stop();
    assert!(!rig.scratch.bpf().join("xiot").exists());
}

/// Without the right to change the bounding set that stays, and nothing of it can be had any more.
#[test]
fn an_agent_with_little_more_than_it_needs_drops_that() {
    let rig = Rig::new();
    write(&rig, &gateway(&rig, ""), POLICY);
    let granted = "--inh-caps=-all,+bpf,+net_admin,+perfmon,+chown";
    let wrapper = [
        "setpriv",
        granted,
        "--ambient-caps=-all,+bpf,+net_admin,+perfmon,+chown",
        "--bounding-set=-all,+bpf,+net_admin,+perfmon,+chown",
    ];
    let mut agent = Agent::start_by(&rig, &mut run(&rig, &wrapper));
    assert_holds(&mut agent, NEEDED, NEEDED | CapabilitySet::CHOWN);
    agent.stop();
}

/// `CAP_SYS_ADMIN` once was all three; where it alone was granted, it is what the agent works with.
#[test]
fn an_agent_that_was_granted_the_administrators_capability_keeps_that() {
    let rig = Rig::new();
    write(&rig, &gateway(&rig, ""), POLICY);
    let wrapper = [
        "setpriv",
        "--bounding-set=-all,+sys_admin,+net_admin,+setpcap",
    ];
    let mut agent = Agent::start_by(&rig, &mut run(&rig, &wrapper));
    let kept = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN;
    assert_holds(&mut agent, kept, kept);
    agent.say(&[
        "explain", "--device", "pump-1", "--to", "server", "tcp", "3613",
    ]);
    agent.stop();
}

#[test]
fn nobody_with_the_same_rights_looks_into_its_memory() {
    let rig = Rig::new();
    let mut agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    // Its target is told to whom ptrace would be allowed.
    let link = format!("/proc/{}/exe", agent.running().id());
    let look = |held| {
        let link = link.as_str();
        let looked = thread::scope(|scope| {
            scope
                .spawn(move || {
                    let sets = CapabilitySets {
                        effective: held,
                        permitted: held,
                        inheritable: CapabilitySet::empty(),
                    };
                    set_capabilities(None, sets).unwrap();
                    fs::read_link(link)
                })
                .join()
        });
        looked.unwrap().map(|_| ()).map_err(|error| error.kind())
    };
    assert_eq!(look(NEEDED), Err(ErrorKind::PermissionDenied));
    assert_eq!(look(NEEDED | CapabilitySet::SYS_PTRACE), Ok(()));
}

#[test]
fn files_that_a_reload_could_not_read_any_more_are_told_of_at_once() {
    let rig = Rig::new();
    write(&rig, &gateway(&rig, ""), POLICY);
    let policy = rig.file("policy.yaml");
    // A file of somebody else's that root reads by force alone.
    std::os::unix::fs::chown(&policy, Some(65_534), Some(65_534)).unwrap();
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o600)).unwrap();
    let mut agent = Agent::start_by(&rig, &mut run(&rig, &[]));
    let log = agent.log();
    assert!(
        log.contains("reload will not read") && log.contains("policy.yaml"),
        "{log}"
    );
    assert!(!log.contains("gateway.yaml ("), "{log}");
    agent.running().signal(Signal::HUP).unwrap();
    until("a refusal", || {
        agent.log().contains("not reloaded").then_some(())
    });
    std::os::unix::fs::chown(&policy, Some(0), Some(0)).unwrap();
    agent.say(&["reload"]);
    agent.stop();
}
