//! What wires do without the program: set up, taken back, and refused.

use xiot_agent::datapath::{AttachMode, BringUpError, FailMode, Finding, Plan, fail_modes};

use super::ward::Ward;

fn plan(ward: &Ward, fail: FailMode) -> Plan {
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires[0].fail = fail;
    plan
}

/// What is wrong with the fail mode of the wire.
fn wrong(ward: &Ward, plan: &Plan) -> Vec<String> {
    let found = ward
        .gateway
        .run(|| fail_modes(&plan.wires).expect("netlink answers"));
    let found = found.expect("the namespace can be entered");
    found.into_iter().map(|(_, what)| what).collect()
}

/// What `ip` shows in the gateway; nothing for nothing.
fn show(ward: &Ward, what: &[&str]) -> Vec<serde_json::Value> {
    let mut ip = ward.gateway.command("ip").expect("there is a namespace");
    let output = ip
        .arg("-json")
        .args(what)
        .output()
        .expect("ip is installed");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// Bridges there are, with what `ip` tells of them.
fn bridges(ward: &Ward) -> Vec<serde_json::Value> {
    let all = show(ward, &["-details", "link", "show", "type", "bridge"]);
    let all = all.into_iter();
    all.filter(|it| it["ifname"].is_string()).collect()
}

#[test]
fn a_wire_that_is_to_fail_open_gets_a_silent_bridge_and_one_that_is_not_loses_it() {
    let ward = Ward::new();
    let open = plan(&ward, FailMode::Open);
    assert_eq!(wrong(&ward, &open).len(), 1);
    drop(ward.bring_up(&open).unwrap());
    ward.assert_forwards(0);
    assert_eq!(wrong(&ward, &open), [""; 0]);
    let [bridge] = &bridges(&ward)[..] else {
        panic!("{:?}", bridges(&ward))
    };
    let said = bridge["ifalias"].as_str().unwrap();
    assert_eq!(said, "xiot: fail mode open of wire wire-0");
    assert_eq!(bridge["inet6_addr_gen_mode"], "none");
    let data = &bridge["linkinfo"]["info_data"];
    for off in [
        "stp_state",
        "mcast_snooping",
        "mcast_querier",
        "vlan_filtering",
    ] {
        assert_eq!(data[off], 0, "{off}: {bridge}");
    }
    assert_eq!(data["group_fwd_mask"], "0xfff8");
    assert_eq!(bridge["addr_info"], serde_json::Value::Null);

    // The same once more, then the other way: the bridge is taken away.
    drop(ward.bring_up(&open).unwrap());
    assert_eq!(bridges(&ward).len(), 1);
    let closed = plan(&ward, FailMode::Closed);
    assert_eq!(wrong(&ward, &closed).len(), 1);
    drop(ward.bring_up(&closed).unwrap());
    ward.assert_forwards(0);
    assert_eq!(
        (bridges(&ward).len(), wrong(&ward, &closed)),
        (0, Vec::new())
    );
}

#[test]
fn a_bridge_of_somebody_else_is_used_or_refused_but_never_removed() {
    let ward = Ward::new();
    ward.gateway.bridge("br0", &["dev0", "up0"]).unwrap();
    let before = ward.snapshot();
    let refused = ward.bring_up(&plan(&ward, FailMode::Closed)).unwrap_err();
    let BringUpError::Preflight(findings) = &refused else {
        panic!("{refused}")
    };
    assert!(matches!(findings[..], [Finding::FailsOpen { .. }]));
    assert!(refused.to_string().contains("fail: open"), "{refused}");
    assert_eq!(ward.snapshot(), before);

    let open = plan(&ward, FailMode::Open);
    drop(ward.bring_up(&open).unwrap());
    ward.assert_forwards(0);
    assert_eq!(bridges(&ward).len(), 1);
    ward.gateway.ip("link set dev br0 down").unwrap();
    assert!(wrong(&ward, &open)[0].contains("br0 is down"));
    let refused = ward.bring_up(&open).unwrap_err();
    assert!(matches!(refused, BringUpError::FailMode(_)), "{refused}");
    ward.assert_forwards(0);
}

#[test]
fn a_name_that_somebody_else_has_is_refused_and_everything_is_as_it_was() {
    let ward = Ward::new();
    let open = plan(&ward, FailMode::Open);
    let index = &show(&ward, &["link", "show", "dev", "dev0"])[0]["ifindex"];
    ward.gateway
        .ip(&format!("link add xiot-b{index} type veth peer name other"))
        .unwrap();
    let before = ward.snapshot();
    let refused = ward.bring_up(&open).unwrap_err();
    assert!(
        refused.to_string().contains("none of the agent's"),
        "{refused}"
    );
    assert_eq!((ward.snapshot(), bridges(&ward).len()), (before, 0));
}

#[test]
fn a_bridge_of_a_start_that_fails_is_taken_away_again() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    let mut open = plan(&ward, FailMode::Open);
    open.wires[1].fail = FailMode::Open;
    let index = &show(&ward, &["link", "show", "dev", "dev1"])[0]["ifindex"];
    let name = format!("xiot-b{index}");
    ward.gateway
        .ip(&format!("link add {name} type veth peer name other"))
        .unwrap();
    let before = ward.snapshot();
    let refused = ward.bring_up(&open).unwrap_err();
    assert!(refused.to_string().contains("wire-1"), "{refused}");
    assert_eq!((ward.snapshot(), bridges(&ward).len()), (before, 0));
    ward.gateway.ip(&format!("link del {name}")).unwrap();
    drop(ward.bring_up(&open).unwrap());
    assert_eq!((wrong(&ward, &open), bridges(&ward).len()), (vec![], 2));
    // A segment of a router has no other side that it could fail open to.
    let mut routed = plan(&ward, FailMode::Open);
    routed.wires.truncate(1);
    routed.wires[0].uplink = None;
    assert_eq!(wrong(&ward, &routed), [""; 0]);
}
