//! What an operator sees of a router.

use xiot_tests::{
    net::{
        router::RouterRig,
        traffic::{EchoServer, connect_is_lost, ping},
    },
    until::until,
};

use super::{reach, router};

#[test]
fn segments_and_uplinks_of_the_router_have_their_rows() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    assert!(ping(&rig.pump, rig.server.v4.into()));
    assert!(ping(&rig.server, "10.60.1.1".parse().unwrap()));
    let output = gateway.command(&["status"]);
    let screen = String::from_utf8(output.stdout).unwrap();
    for row in [
        ["ward-7", "device", "seg0", "native"],
        ["ward-7", "uplink", "routed", "-"],
        ["ward-8", "device", "seg1", "native"],
        ["router:up0", "uplink", "up0", "native"],
    ] {
        let shown = screen.lines().any(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            words.starts_with(&row)
        });
        assert!(shown, "{row:?}\n{screen}");
    }
    assert!(!screen.contains("router:up0  device"), "{screen}");
    let status = gateway.json(&["status"]);
    let to_gateway = status["frames"].as_array().unwrap().iter().any(|row| {
        row["wire"] == "router:up0" && row["reason"] == "to_gateway" && row["frames"] != 0
    });
    assert!(to_gateway, "{status}");
}

#[test]
fn a_drop_names_the_segment_of_the_receiver_and_explain_the_rule_that_lacks() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    reach(&rig.pump, rig.scanner.v4.into());
    let server = EchoServer::start(&rig.scanner, rig.scanner.v4.into(), 9001);
    assert!(connect_is_lost(&rig.pump, server.address()));
    let drop = until("the drop", || {
        let drops = gateway.list(&["drops", "--reason", "no_port"]);
        drops.into_iter().find(|drop| drop["wire"] == "ward-8")
    });
    assert_eq!(drop["side"], "uplink");
    assert_eq!(drop["device"], "scanner");
    let output = gateway.command(&[
        "explain", "--device", "pump", "--to", "scanner", "tcp", "9001",
    ]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("uplink side of wire ward-8"), "{said}");
    assert!(said.contains("no_port"), "{said}");
}
