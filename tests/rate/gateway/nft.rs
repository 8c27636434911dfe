//! The site's policy as nftables rules: one element for each device and one for each rule, in one map and two sets.

use std::{
    fmt::Write as _,
    io::Write as _,
    process::Stdio,
    time::{Duration, Instant},
};

use xiot_agent::netns::namespace::Namespace;

use crate::site::Site;

/// What is asked of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Filter {
    /// Every frame is looked up.
    Stateless,
    /// The first of a conversation is; conntrack knows the others.
    Stateful,
}

/// Puts the policy in force for what the kernel forwards, and gives the time that the kernel's tool took.
pub(crate) fn load(gateway: &Namespace, family: &str, filter: Filter, site: &Site) -> Duration {
    let rules = ruleset(family, filter, site);
    let mut command = gateway.command("nft").expect("the namespace is there");
    let begun = Instant::now();
    let mut tool = command
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("nft is there (cargo xtask setup installs it)");
    let mut input = tool.stdin.take().expect("it is piped");
    input.write_all(rules.as_bytes()).expect("nft reads");
    drop(input);
    let status = tool.wait().expect("it was started");
    assert!(status.success(), "nft: {status}");
    begun.elapsed()
}

/// The profile of a frame's device is its mark; rules hold profile, peer and port.
fn ruleset(family: &str, filter: Filter, site: &Site) -> String {
    let mut text = format!(
        "table {family} site {{
  map devices {{ type ether_addr . ipv4_addr : mark; size {devices}; elements = {{ ",
        devices = site.devices
    );
    for device in site.devices() {
        let [a, b, c, d, e, f] = device.mac;
        write!(
            text,
            "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x} . {} : {:#x}, ",
            device.address,
            device.profile + 1
        )
        .expect("a string takes all");
    }
    write!(
        text,
        "}} }}
  set rules {{ type mark . ipv4_addr . inet_service; size {}; elements = {{ ",
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
    let known = match filter {
        Filter::Stateless => "",
        Filter::Stateful => "    ct state established accept\n",
    };
    // An answer is found by what its question would be.
    let answers = match filter {
        Filter::Stateless => {
            "    meta mark set ether daddr . ip daddr map @devices\n    meta mark . ip saddr . udp sport @rules accept\n"
        }
        Filter::Stateful => "",
    };
    write!(
        text,
        "}} }}
  chain forward {{
    type filter hook forward priority 0; policy drop;
{known}    meta mark set ether saddr . ip saddr map @devices
    meta mark . ip daddr . udp dport @rules accept
{answers}  }}
}}
"
    )
    .expect("a string takes all");
    text
}
