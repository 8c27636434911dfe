//! Native, generic and auto: what is in use is what was asked for, or what is said.

use xiot_agent::datapath::{AttachMode, BringUpError, Finding, UsedMode};

use super::ward::Ward;

/// Native XDP on veth takes whole frames in one page: the driver refuses this MTU.
const TOO_LARGE_FOR_NATIVE: u32 = 9000;

fn modes(ward: &Ward, mode: AttachMode) -> Result<Vec<UsedMode>, BringUpError> {
    let gateway = ward.bring_up(&ward.plan(mode))?;
    ward.assert_forwards(0);
    let modes = gateway.report().ports.iter().map(|port| port.mode).collect();
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    Ok(modes)
}

#[test]
fn generic_is_used_where_it_is_asked_for() {
    let ward = Ward::new();
    let before = ward.snapshot();
    assert_eq!(
        modes(&ward, AttachMode::Generic).unwrap(),
        [UsedMode::Generic; 2]
    );
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn native_does_not_fall_back() {
    let ward = Ward::with_mtus(&[TOO_LARGE_FOR_NATIVE]);
    let before = ward.snapshot();
    let error = modes(&ward, AttachMode::Native).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("could not attach the XDP program to dev0 in native mode"), "{message}");
    assert!(message.contains("MTU"), "{message}");
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn auto_is_native_where_it_can_be() {
    let ward = Ward::new();
    assert_eq!(modes(&ward, AttachMode::Auto).unwrap(), [UsedMode::Native; 2]);
}

#[test]
fn auto_falls_back_where_the_driver_refuses() {
    let ward = Ward::with_mtus(&[TOO_LARGE_FOR_NATIVE]);
    let before = ward.snapshot();
    assert_eq!(modes(&ward, AttachMode::Auto).unwrap(), [UsedMode::Generic; 2]);
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn auto_falls_back_where_the_other_port_takes_no_redirected_frames() {
    let ward = Ward::new();
    Ward::ethtool(&ward.uplinks, &["-K", "eth0", "gro", "off"]);
    assert_eq!(
        modes(&ward, AttachMode::Auto).unwrap(),
        [UsedMode::Generic, UsedMode::Native]
    );
}

#[test]
fn two_ports_in_one_bridge_are_told_to_fail_open() {
    let ward = Ward::new();
    ward.gateway.bridge("br0", &["dev0", "up0"]).unwrap();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    assert!(matches!(
        gateway.report().warnings[..],
        [Finding::FailsOpen { .. }]
    ));
    ward.assert_forwards(0);
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
