//! Native, generic and auto: what is in use is what was asked for, or what is said.

use xiot_agent::datapath::{AttachMode, Finding, Plan, UsedMode};
use xiot_tests::kernel;

use super::ward::Ward;

/// A plan whose uplink port is a bridge: there is no XDP in its driver. Frames go on by `up0`.
fn with_bridge(ward: &Ward, mode: AttachMode) -> Plan {
    ward.gateway
        .bridge("br0", &["up0"])
        .expect("a bridge can be made");
    let mut plan = ward.plan(mode);
    plan.wires[0].uplink = Some("br0".to_owned());
    plan
}

pub(super) fn modes(ward: &Ward, plan: &Plan) -> Vec<UsedMode> {
    let gateway = ward.bring_up(plan).expect("it comes up");
    ward.assert_forwards(0);
    let modes = gateway
        .report()
        .ports
        .iter()
        .map(|port| port.mode)
        .collect();
    ward.gateway
        .run(|| gateway.shut_down())
        .expect("the namespace can be entered")
        .expect("it goes down");
    modes
}

#[test]
fn generic_is_used_where_it_is_asked_for() {
    let ward = Ward::new();
    let before = ward.snapshot();
    let plan = ward.plan(AttachMode::Generic);
    assert_eq!(modes(&ward, &plan), [UsedMode::Generic; 2]);
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn native_does_not_fall_back() {
    let ward = Ward::new();
    let plan = with_bridge(&ward, AttachMode::Native);
    let before = ward.snapshot();
    let message = ward.bring_up(&plan).unwrap_err().to_string();
    if kernel::tells_xdp_features() {
        assert!(
            message.contains("the driver of br0 has no native XDP"),
            "{message}"
        );
        assert!(message.contains("`xdp: generic`"), "{message}");
    } else {
        // It is found out by trying.
        assert!(message.contains("br0"), "{message}");
    }
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn auto_is_native_where_it_can_be() {
    let ward = Ward::new();
    let plan = ward.plan(AttachMode::Auto);
    assert_eq!(modes(&ward, &plan), [UsedMode::Native; 2]);
}

#[test]
fn auto_falls_back_where_the_driver_has_none() {
    let ward = Ward::new();
    let plan = with_bridge(&ward, AttachMode::Auto);
    let before = ward.snapshot();
    assert_eq!(modes(&ward, &plan), [UsedMode::Generic; 2]);
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn auto_falls_back_where_the_other_port_takes_no_redirected_frames() {
    if !kernel::tells_xdp_features() {
        println!("skipped: Linux before 6.3 cannot say which drivers take redirected frames");
        return;
    }
    let ward = Ward::new();
    Ward::ethtool(&ward.uplinks, &["-K", "eth0", "gro", "off"]);
    let plan = ward.plan(AttachMode::Auto);
    assert_eq!(modes(&ward, &plan), [UsedMode::Generic, UsedMode::Native]);
}

#[test]
fn a_port_without_carrier_is_told_and_no_obstacle() {
    let ward = Ward::new();
    ward.uplinks.ip("link set dev eth0 down").unwrap();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    assert!(matches!(
        gateway.report().warnings[..],
        [Finding::NoCarrier { .. }]
    ));
}
