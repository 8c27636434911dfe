//! Who may use the control socket.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    process::Output,
};

use xiot_tests::net::rig::Rig;

use crate::{
    AGENT, POLICY,
    agent::{Agent, ended, gateway},
};

/// User and group `nobody` and `nogroup`, which every Debian has.
const NOBODY: u32 = 65_534;

/// `status`, asked by another user.
fn status_as(rig: &Rig, user: &[&str]) -> Output {
    rig.gateway
        .command("setpriv")
        .unwrap()
        .args(user)
        .args([AGENT, "status", "--socket"])
        .arg(rig.file("control.sock"))
        .output()
        .unwrap()
}

const AS_NOBODY: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

#[test]
fn the_kernel_keeps_others_off_the_socket() {
    let rig = Rig::new();
    let _agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let socket = fs::metadata(rig.file("control.sock")).unwrap();
    assert_eq!(socket.mode() & 0o7777, 0o660);
    assert_eq!((socket.uid(), socket.gid()), (0, 0));
    let (code, said) = ended(&status_as(&rig, &AS_NOBODY));
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("not permitted to use") && said.contains("control.group"),
        "{said}"
    );
}

#[test]
fn the_agent_refuses_whom_the_file_mode_lets_in_and_logs_it() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    fs::set_permissions(rig.file("control.sock"), Permissions::from_mode(0o666)).unwrap();
    let (code, said) = ended(&status_as(&rig, &AS_NOBODY));
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("user 65534 may not use the control socket"),
        "{said}"
    );
    let log = agent.log();
    assert!(
        log.contains("refused a client") && log.contains("uid=65534"),
        "{log}"
    );
    agent.say(&["status"]);
}

#[test]
fn members_of_the_group_are_let_in() {
    let rig = Rig::new();
    let socket = rig.file("control.sock");
    let control = format!(
        "control: {{socket: {}, group: nogroup}}\n",
        socket.display()
    );
    let _agent = Agent::start(&rig, &gateway(&rig, &control), POLICY);
    assert_eq!(fs::metadata(&socket).unwrap().gid(), NOBODY);
    for user in [
        &AS_NOBODY[..],
        // By supplementary group alone, for the kernel, and by the user database, for the agent.
        &["--reuid=65534", "--regid=100", "--groups=65534"],
    ] {
        let (code, said) = ended(&status_as(&rig, user));
        assert_eq!(code, 0, "{user:?}: {said}");
    }
    let stranger = ["--reuid=65533", "--regid=65533", "--clear-groups"];
    let (code, said) = ended(&status_as(&rig, &stranger));
    assert_eq!(code, 3, "{said}");
}
