//! A real DHCP server on a host of the rig.

use std::process::Stdio;

use xiot_agent::netns::process::Running;

use super::rig::{HOST_PORT, Host};

/// Starts one with these arguments, which say what it gives out. It keeps no files.
///
/// # Panics
/// Where it can't be started.
#[track_caller]
pub fn dnsmasq(host: &Host, args: &[&str]) -> Running {
    let mut command = host
        .namespace
        .command("dnsmasq")
        .unwrap_or_else(|error| panic!("{error}"));
    command
        .args([
            "--keep-in-foreground",
            "--no-daemon",
            "--conf-file=/dev/null",
            "--port=0",
        ])
        .args([
            "--user=root",
            "--no-ping",
            "--leasefile-ro",
            "--bind-interfaces",
        ])
        .arg(format!("--interface={HOST_PORT}"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Running::start(&mut command)
        .unwrap_or_else(|error| panic!("{error} (cargo xtask setup installs it)"))
}
