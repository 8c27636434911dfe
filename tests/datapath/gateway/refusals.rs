//! What a gateway refuses to come up with. Each refusal names the trouble and leaves everything as it was.

use std::process;

use aya::{
    Ebpf,
    programs::{Xdp, xdp::XdpMode},
};
use xiot_agent::{
    datapath::{AttachMode, BringUpError, Finding, PinError, Plan, bring_up, object},
    netns::offload,
};
use xiot_common::device::Mode;
use xiot_tests::kernel;

use super::ward::Ward;
use crate::{image::nobody_listed, load::spoiled};

/// Brings the plan up, asserts that it is refused and that nothing changed, and returns the message.
fn refused(ward: &Ward, plan: &Plan) -> String {
    let before = ward.snapshot();
    let error = ward.bring_up(plan).expect_err("the plan is bad");
    assert_eq!(ward.snapshot(), before, "{error}");
    error.to_string()
}

fn refused_native(ward: &Ward) -> String {
    refused(ward, &ward.plan(AttachMode::Native))
}

#[test]
fn an_interface_that_does_not_exist() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires[0].device = "eth9".to_owned();
    let message = refused(&ward, &plan);
    assert!(message.contains("eth9 does not exist"), "{message}");
}

#[test]
fn one_interface_for_two_ports() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires[0].uplink = Some("dev0".to_owned());
    let message = refused(&ward, &plan);
    assert_eq!(
        message
            .matches("dev0 is used by more than one port")
            .count(),
        1
    );
}

#[test]
fn no_wires() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires.clear();
    assert!(refused(&ward, &plan).contains("there is no wire and no router"));
}

#[test]
fn more_ports_than_there_is_room_for() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires = vec![plan.wires[0].clone(); 33];
    assert!(refused(&ward, &plan).contains("66 ports"));
}

#[test]
fn an_interface_that_is_down() {
    let ward = Ward::new();
    ward.ip("link set dev up0 down");
    let message = refused_native(&ward);
    assert!(message.contains("`ip link set dev up0 up`"), "{message}");
}

#[test]
fn ends_with_different_mtus() {
    let ward = Ward::new();
    ward.ip("link set dev dev0 mtu 1400");
    let message = refused_native(&ward);
    assert!(
        message.contains("`ip link set dev up0 mtu 1400`"),
        "{message}"
    );
}

#[test]
fn the_loopback_interface() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Generic);
    plan.wires[0].uplink = Some("lo".to_owned());
    let message = refused(&ward, &plan);
    assert!(message.contains("lo is a loopback interface"), "{message}");
}

#[test]
fn an_interface_that_is_not_ethernet() {
    let ward = Ward::new();
    ward.ip("tuntap add dev tun0 mode tun");
    let mut plan = ward.plan(AttachMode::Generic);
    plan.wires[0].uplink = Some("tun0".to_owned());
    let message = refused(&ward, &plan);
    assert!(
        message.contains("tun0 is not an Ethernet interface"),
        "{message}"
    );
}

#[test]
fn a_port_in_a_bridge_without_the_other() {
    let ward = Ward::new();
    ward.gateway.bridge("br0", &["dev0"]).unwrap();
    let message = refused_native(&ward);
    assert!(message.contains("dev0 is in bridge br0"), "{message}");
}

#[test]
fn a_program_of_somebody_else() {
    let ward = Ward::new();
    // Another copy of the same program is a stranger's too.
    let mut stranger = Ebpf::load(object()).unwrap();
    let program: &mut Xdp = stranger.program_mut("xiot").unwrap().try_into().unwrap();
    program.load().unwrap();
    ward.gateway
        .run(|| program.attach("dev0", XdpMode::Skb).unwrap())
        .unwrap();
    let message = refused_native(&ward);
    assert!(
        message.contains("dev0 already has the XDP program xiot"),
        "{message}"
    );
    assert!(message.contains("generic"), "{message}");
    assert!(
        message.contains("`ip link set dev dev0 xdp off`"),
        "{message}"
    );
    drop(stranger);
    ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
}

#[test]
fn a_veth_port_that_takes_no_redirected_frames() {
    if !kernel::tells_xdp_features() {
        println!("skipped: Linux before 6.3 cannot say which drivers take redirected frames");
        return;
    }
    let ward = Ward::new();
    Ward::ethtool(&ward.uplinks, &["-K", "eth0", "gro", "off"]);
    let message = refused_native(&ward);
    assert!(
        message.contains("up0 takes no redirected frames"),
        "{message}"
    );
    assert!(message.contains("gro on"), "{message}");
    offload::receive_redirected(&ward.uplinks, "eth0").unwrap();
    ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    ward.ip("link set dev dev0 down\nlink set dev dev1 mtu 1400");
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires[1].uplink = Some("eth9".to_owned());
    plan.wires[0].uplink = Some("up1".to_owned());
    let before = ward.snapshot();
    let BringUpError::Preflight(findings) = ward.bring_up(&plan).unwrap_err() else {
        panic!("refused for another reason");
    };
    assert_eq!(ward.snapshot(), before);
    assert!(
        matches!(
            findings[..],
            [Finding::Down { .. }, Finding::Missing { .. }]
        ),
        "{findings:?}"
    );
    let lines = BringUpError::Preflight(findings).to_string();
    assert_eq!(lines.lines().count(), 2, "{lines}");
}

#[test]
fn a_directory_that_is_on_no_bpf_file_system() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Native);
    plan.pins = ward.scratch.path().join("pins");
    let message = refused(&ward, &plan);
    assert!(message.contains("not on a BPF file system"), "{message}");
    let mount = format!("`mount -t bpf bpf {}`", ward.scratch.path().display());
    assert!(message.contains(&mount), "{message}");
    assert!(!plan.pins.exists());
}

#[test]
fn a_directory_that_another_agent_holds() {
    let ward = Ward::new();
    let plan = ward.plan(AttachMode::Native);
    let gateway = ward.bring_up(&plan).unwrap();
    let before = ward.snapshot();
    let error = ward.bring_up(&plan).unwrap_err();
    let BringUpError::Pins(PinError::Locked {
        holder: Some(holder),
        ..
    }) = &error
    else {
        panic!("{error}");
    };
    assert_eq!(holder.pid, process::id());
    assert!(error.to_string().contains("in use by another agent"));
    let error = xiot_agent::datapath::detach(&ward.pins()).unwrap_err();
    assert!(
        error.to_string().contains(&process::id().to_string()),
        "{error}"
    );
    assert_eq!(ward.snapshot(), before);
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
}

#[test]
fn a_policy_that_does_not_fit() {
    let ward = Ward::new();
    let before = ward.snapshot();
    let mut image = nobody_listed(Mode::Enforce, 1);
    image.header.device_count = 1000;
    let plan = ward.plan(AttachMode::Native);
    let error = ward
        .gateway
        .run(|| bring_up(&plan, &image))
        .unwrap()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "policy does not fit: it needs 1000 devices, the gateway has room for 16"
    );
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn a_program_that_the_verifier_refuses() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Native);
    plan.options.object = Some(spoiled().into());
    let message = refused(&ward, &plan);
    assert!(message.contains("R9 !read_ok"), "{message}");
}

#[test]
fn maps_that_are_too_large() {
    let ward = Ward::new();
    let mut plan = ward.plan(AttachMode::Native);
    plan.options.capacity.flows = u32::MAX;
    let message = refused(&ward, &plan);
    assert!(message.contains("could not create map FLOW"), "{message}");
}
