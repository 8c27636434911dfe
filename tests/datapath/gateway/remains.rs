//! Pin directories with other things in them than an agent would leave.

use std::fs;

use aya::maps::Array;
use xiot_agent::datapath::{AttachMode, BringUpError, PinError, detach};

use super::ward::Ward;

#[test]
fn pins_of_others_are_left_alone() {
    let ward = Ward::new();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    let stranger = ward.pins().join("stranger");
    let map = Array::<_, u32>::create(1, 0).unwrap();
    map.pin(&stranger).unwrap();
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(ward.pinned().unwrap(), ["stranger"]);
    fs::remove_file(stranger).unwrap();
    ward.gateway.run(|| detach(&ward.pins())).unwrap().unwrap();
    assert_eq!(ward.pinned(), None);
}

#[test]
fn what_only_looks_like_one_of_our_links_is_refused() {
    let ward = Ward::new();
    fs::create_dir(ward.pins()).unwrap();
    let map = Array::<_, u32>::create(1, 0).unwrap();
    map.pin(ward.pins().join("link-7")).unwrap();
    let before = ward.snapshot();
    let error = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap_err();
    assert!(
        matches!(error, BringUpError::Pins(PinError::Foreign { .. })),
        "{error}"
    );
    let error = detach(&ward.pins()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("link-7 is not a pin of this agent"),
        "{error}"
    );
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn attachments_without_their_program_are_refused_and_can_be_detached() {
    let ward = Ward::new();
    let before = ward.snapshot();
    drop(ward.bring_up(&ward.plan(AttachMode::Native)).unwrap());
    fs::remove_file(ward.pins().join("program")).unwrap();
    let error = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap_err();
    assert!(
        error.to_string().contains("`xiot-agent detach --pins"),
        "{error}"
    );
    ward.assert_forwards(0);
    ward.gateway.run(|| detach(&ward.pins())).unwrap().unwrap();
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn a_directory_that_is_there_and_empty_is_taken() {
    let ward = Ward::new();
    fs::create_dir(ward.pins()).unwrap();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    ward.assert_forwards(0);
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
}

#[test]
fn another_network_namespace_leaves_settings_alone() {
    let ward = Ward::new();
    drop(ward.bring_up(&ward.plan(AttachMode::Native)).unwrap());
    // The test's own namespace: indices of the gateway's mean nothing here.
    let down = detach(&ward.pins()).unwrap();
    assert_eq!((down.links, down.restored, down.elsewhere), (2, 0, 2));
    assert_eq!(ward.program("dev0"), None);
}
