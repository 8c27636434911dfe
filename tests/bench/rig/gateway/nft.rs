//! The site's policy as nftables rules: one element for each device and one for each rule, in one map and one set.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use xiot_agent::netns::{link::Mac, namespace::Namespace};
use xiot_tests::until::within;

use super::Filter;
use crate::rig::{frames::Family, site::Site};

/// Puts the policy in force for what the kernel forwards, and gives what the kernel's tool took.
pub(crate) fn load(gateway: &Namespace, family: &str, filter: Filter, site: &Site) -> Taken {
    feed(gateway, "nft", &["-f", "-"], &ruleset(family, filter, site))
}

/// What a tool took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) time: Duration,
    /// Highest use of memory that was seen, in KiB.
    pub(crate) memory: u64,
}

/// How long a tool's use of memory is looked at.
const LONGEST: Duration = Duration::from_mins(10);

/// Runs a program of the gateway with this input, and gives what it took.
pub(crate) fn feed(gateway: &Namespace, program: &str, args: &[&str], input: &str) -> Taken {
    let mut command = gateway.command(program).expect("the namespace is there");
    let begun = Instant::now();
    let mut tool = command
        .args(args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("it is there (cargo xtask setup installs it)");
    let mut pipe = tool.stdin.take().expect("it is piped");
    pipe.write_all(input.as_bytes()).expect("it reads");
    drop(pipe);
    let path = format!("/proc/{}/status", tool.id());
    let is_over = AtomicBool::new(false);
    let mut memory = 0;
    let look = || {
        let text = fs::read_to_string(&path).unwrap_or_default();
        memory = memory.max(peak(&text).unwrap_or_default());
        is_over.load(Ordering::Relaxed).then_some(())
    };
    let (status, time) = thread::scope(|scope| {
        scope.spawn(|| within(LONGEST, look));
        let status = tool.wait().expect("it was started");
        is_over.store(true, Ordering::Relaxed);
        (status, begun.elapsed())
    });
    assert!(status.success(), "{program}: {status}");
    Taken { time, memory }
}

/// `VmHWM` in KiB.
pub(crate) fn peak(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The profile of a frame's device is its mark; rules hold profile, peer and port.
pub(crate) fn ruleset(family: &str, filter: Filter, site: &Site) -> String {
    let (ip, kind) = match site.family {
        Family::Ipv4 | Family::QinQ => ("ip", "ipv4_addr"),
        Family::Ipv6 => ("ip6", "ipv6_addr"),
    };
    let mut text = format!(
        "table {family} site {{
  map members {{ type ether_addr . {kind} : mark; size {}; elements = {{ ",
        site.devices
    );
    for device in site.devices() {
        write!(
            text,
            "{} . {} : {:#x}, ",
            Mac(device.mac),
            device.address,
            device.profile + 1
        )
        .expect("a string takes all");
    }
    write!(
        text,
        "}} }}
  set rules {{ type mark . {kind} . inet_service; size {}; elements = {{ ",
        site.rules
    )
    .expect("a string takes all");
    for rule in site.rules() {
        write!(
            text,
            "{:#x} . {} . {}, ",
            rule.profile + 1,
            rule.peer,
            rule.port
        )
        .expect("a string takes all");
    }
    text.push_str("} }\n");
    let mut answers = String::new();
    let mut known = "";
    if filter == Filter::Stateful {
        known = "    ct state established accept\n";
    } else {
        // An answer is found by what its question would be. Through a router it is not for the device's MAC yet.
        let whose = if family == "inet" {
            addresses(&mut text, kind, site);
            format!("{ip} daddr map @addresses")
        } else {
            format!("ether daddr . {ip} daddr map @members")
        };
        answers = format!(
            "    meta mark set {whose}\n    meta mark . {ip} saddr . udp sport @rules accept\n"
        );
    }
    write!(
        text,
        "  chain forward {{
    type filter hook forward priority 0; policy drop;
{known}    meta mark set ether saddr . {ip} saddr map @members
    meta mark . {ip} daddr . udp dport @rules accept
{answers}  }}
}}
"
    )
    .expect("a string takes all");
    text
}

/// Devices by address alone.
fn addresses(text: &mut String, kind: &str, site: &Site) {
    write!(
        text,
        "  map addresses {{ type {kind} : mark; size {}; elements = {{ ",
        site.devices
    )
    .expect("a string takes all");
    for device in site.devices() {
        write!(text, "{} : {:#x}, ", device.address, device.profile + 1)
            .expect("a string takes all");
    }
    text.push_str("} }\n");
}
