//! A gateway that routes: what its ports need, and that they are left as they were.

use xiot_agent::datapath::{AttachMode, BringUpError, Family, Finding, Gateway, Plan};

use super::ward::Ward;

/// A plan in which the ports of the first wire are a segment's and the router's uplink.
fn plan(ward: &Ward) -> Plan {
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires.truncate(1);
    plan.uplinks.extend(plan.wires[0].uplink.take());
    plan
}

fn warnings(gateway: &Gateway) -> Vec<String> {
    let warnings = gateway.report().warnings.iter();
    warnings.map(ToString::to_string).collect()
}

fn set(ward: &Ward, setting: &str) {
    ward.gateway
        .set(setting, "1")
        .expect("a setting can be written");
}

#[test]
fn ports_are_taken_as_they_are_and_put_back() {
    let ward = Ward::new();
    let before = ward.snapshot();
    let gateway = ward.bring_up(&plan(&ward)).unwrap();
    let ports = &gateway.report().ports;
    let indices: Vec<_> = ports.iter().map(|port| port.index).collect();
    assert_eq!(indices, [0, 3]);
    assert!(!ward.link("dev0").contains("PROMISC"));
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn a_port_without_an_address_is_told() {
    let ward = Ward::new();
    let gateway = ward.bring_up(&plan(&ward)).unwrap();
    let [first, second] = &warnings(&gateway)[..] else {
        panic!("{:?}", warnings(&gateway));
    };
    assert!(first.contains("dev0 has no address"), "{first}");
    assert!(second.contains("up0 has no address"), "{second}");
}

#[test]
fn a_port_that_does_not_forward_is_told_with_the_command_that_mends_it() {
    let ward = Ward::new();
    for (port, address) in [("dev0", "192.0.2.1/28"), ("up0", "192.0.2.17/28")] {
        ward.gateway.address(port, address).unwrap();
    }
    set(&ward, "ipv4/conf/dev0/forwarding");
    let gateway = ward.bring_up(&plan(&ward)).unwrap();
    assert_eq!(
        gateway.report().warnings,
        [Finding::NotForwarding {
            interface: "up0".to_owned(),
            family: Family::V4
        }]
    );
    let said = warnings(&gateway);
    assert!(
        said[0].ends_with("`sysctl -w net.ipv4.conf.up0.forwarding=1`"),
        "{said:?}"
    );
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    set(&ward, "ipv4/conf/up0/forwarding");
    let gateway = ward.bring_up(&plan(&ward)).unwrap();
    assert_eq!(warnings(&gateway), [""; 0]);
}

#[test]
fn an_interface_that_forwards_beside_the_router_is_told() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    set(&ward, "ipv4/ip_forward");
    set(&ward, "ipv6/conf/all/forwarding");
    // In IPv6 one interface alone can't be kept from it.
    ward.gateway
        .set("ipv6/conf/dev1/forwarding", "0")
        .expect("a setting can be written");
    let gateway = ward.bring_up(&plan(&ward)).unwrap();
    let said = warnings(&gateway);
    for interface in ["dev1", "up1"] {
        let told = said.iter().any(|warning| {
            warning.contains(&format!("{interface} forwards IPv4"))
                && warning.ends_with(&format!("net.ipv4.conf.{interface}.forwarding=0`"))
        });
        assert!(told, "{said:?}");
        let told = said.iter().any(|warning| {
            warning.contains(&format!("{interface} forwards IPv6"))
                && warning.ends_with(&format!("`iifname \"{interface}\" drop`"))
        });
        assert!(told, "{said:?}");
    }
}

#[test]
fn ipv6_is_forwarded_by_all_or_by_none() {
    let ward = Ward::new();
    ward.gateway.ip("link set dev0 down").unwrap();
    for port in ["dev0", "up0"] {
        ward.gateway
            .set(&format!("ipv6/conf/{port}/disable_ipv6"), "0")
            .expect("a setting can be written");
    }
    ward.gateway.ip("link set dev0 up").unwrap();
    ward.gateway.address("dev0", "2001:db8::1/64").unwrap();
    ward.gateway.address("up0", "2001:db8:1::1/64").unwrap();
    set(&ward, "ipv6/conf/dev0/forwarding");
    let gateway = ward.bring_up(&plan(&ward)).unwrap();
    let said = warnings(&gateway);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("interface dev0 has IPv6 addresses and does not forward IPv6")
            && said[0].ends_with("`sysctl -w net.ipv6.conf.all.forwarding=1`"),
        "{said:?}"
    );
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    set(&ward, "ipv6/conf/all/forwarding");
    let gateway = ward.bring_up(&plan(&ward)).unwrap();
    assert_eq!(warnings(&gateway), [""; 0]);
}

#[test]
fn a_bridged_port_is_refused() {
    let ward = Ward::new();
    ward.gateway.bridge("br0", &["dev0"]).unwrap();
    let before = ward.snapshot();
    let error = ward.bring_up(&plan(&ward)).unwrap_err();
    let BringUpError::Preflight(findings) = &error else {
        panic!("{error}");
    };
    assert!(findings.iter().any(|finding| matches!(
        finding,
        Finding::BridgedRouter { interface, .. } if interface == "dev0"
    )));
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn an_uplink_that_is_a_segment_too_is_refused() {
    let ward = Ward::new();
    let mut plan = plan(&ward);
    plan.uplinks = vec!["dev0".to_owned()];
    let error = ward.bring_up(&plan).unwrap_err().to_string();
    assert!(
        error.contains("dev0 is used by more than one port"),
        "{error}"
    );
}
