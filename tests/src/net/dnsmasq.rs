//! A real DHCP and DNS server on a host of the rig.

use std::process::Stdio;

use xiot_agent::netns::process::Running;

use super::rig::{HOST_PORT, Host};

/// Starts one with these arguments, which say what it gives out. It keeps no files, and answers no DNS unless they name its port.
///
/// # Panics
/// Where it can't be started.
#[track_caller]
pub fn dnsmasq(host: &Host, args: &[&str]) -> Running {
    let answers = args.iter().any(|arg| arg.starts_with("--port="));
    let silent: &[&str] = if answers { &[] } else { &["--port=0"] };
    let mut command = host
        .namespace
        .command("dnsmasq")
        .unwrap_or_else(|error| panic!("{error}"));
    command
        .args([
            "--keep-in-foreground",
            "--no-daemon",
            "--conf-file=/dev/null",
        ])
        .args([
            "--user=root",
            "--no-ping",
            "--leasefile-ro",
            "--bind-interfaces",
        ])
        .arg(format!("--interface={HOST_PORT}"))
        .args(silent)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Running::start(&mut command)
        .unwrap_or_else(|error| panic!("{error} (cargo xtask setup installs it)"))
}
