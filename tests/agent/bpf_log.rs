//! The debug build of the program logs what it judged, through the agent's own log.

use xiot_tests::{
    net::{rig::Rig, traffic::connect_is_lost},
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

#[test]
fn the_debug_build_logs_a_denied_frame_with_its_reason() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    assert!(connect_is_lost(&rig.device, (rig.uplink.v4, 445).into()));
    let line = until("the frame in the log", || {
        let log = agent.log();
        let line = log.lines().find(|line| line.contains("no_port"))?;
        Some(line.to_owned())
    });
    for part in [
        "dropped",
        "02:00:00:00:30:0c >",
        "::ffff:10.30.1.12",
        "::ffff:10.30.1.1 445 protocol 6",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    agent.stop();
}
