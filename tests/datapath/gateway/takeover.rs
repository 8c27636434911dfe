//! A new agent after one that died: the program is replaced in place, or the old one stays.

use xiot_agent::datapath::{AttachMode, UsedMode};

use super::ward::Ward;

#[test]
fn a_new_agent_takes_over_without_a_gap() {
    let ward = Ward::new();
    let before = ward.snapshot();
    let plan = ward.plan(AttachMode::Native);
    drop(ward.bring_up(&plan).unwrap());
    let old = ward.program("dev0").unwrap();

    let gateway = ward.bring_up(&plan).unwrap();
    assert!(gateway.report().ports.iter().all(|port| port.taken_over));
    let new = ward.program("dev0").unwrap();
    assert_ne!(new, old);
    assert_eq!(ward.program("up0"), Some(new));
    ward.assert_forwards(0);
    // What the first one changed is still known to be undone.
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn another_mode_means_attaching_anew() {
    let ward = Ward::new();
    let before = ward.snapshot();
    drop(ward.bring_up(&ward.plan(AttachMode::Native)).unwrap());
    let gateway = ward.bring_up(&ward.plan(AttachMode::Generic)).unwrap();
    for port in &gateway.report().ports {
        assert_eq!((port.mode, port.taken_over), (UsedMode::Generic, false));
    }
    ward.assert_forwards(0);
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn auto_keeps_the_mode_that_is_in_use() {
    let ward = Ward::new();
    drop(ward.bring_up(&ward.plan(AttachMode::Generic)).unwrap());
    let gateway = ward.bring_up(&ward.plan(AttachMode::Auto)).unwrap();
    for port in &gateway.report().ports {
        assert_eq!((port.mode, port.taken_over), (UsedMode::Generic, true));
    }
}

#[test]
fn a_takeover_that_fails_half_way_gives_the_old_program_back() {
    // The second wire can't be attached to in native mode: the first one is replaced by then.
    let ward = Ward::with_mtus(&[1500, 9000]);
    let mut one = ward.plan(AttachMode::Native);
    one.wires.truncate(1);
    drop(ward.bring_up(&one).unwrap());
    let before = ward.snapshot();
    let old = ward.program("dev0").unwrap();

    let error = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap_err();
    assert!(error.to_string().contains("dev1"), "{error}");
    assert_eq!(ward.program("dev0"), Some(old));
    assert_eq!(ward.snapshot(), before);
    ward.assert_forwards(0);

    let gateway = ward.bring_up(&one).unwrap();
    assert!(gateway.report().ports.iter().all(|port| port.taken_over));
}

#[test]
fn a_mode_change_that_fails_half_way_gives_the_old_mode_back() {
    let ward = Ward::with_mtus(&[1500, 9000]);
    let mut one = ward.plan(AttachMode::Generic);
    one.wires.truncate(1);
    drop(ward.bring_up(&one).unwrap());
    let old = ward.program("dev0").unwrap();

    ward.bring_up(&ward.plan(AttachMode::Native)).unwrap_err();
    assert_eq!(ward.program("dev0"), Some(old));
    assert!(ward.link("dev0").contains("xdpgeneric"));
    ward.assert_forwards(0);
    let gateway = ward.bring_up(&one).unwrap();
    assert!(gateway.report().ports.iter().all(|port| port.taken_over));
}

#[test]
fn ports_that_are_none_any_more_are_let_go() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    let before = ward.snapshot();
    drop(ward.bring_up(&ward.plan(AttachMode::Native)).unwrap());
    let mut one = ward.plan(AttachMode::Native);
    one.wires.truncate(1);
    let gateway = ward.bring_up(&one).unwrap();
    assert_eq!(ward.program("dev1"), None);
    assert_eq!(ward.snapshot()["features dev1"], before["features dev1"]);
    assert_eq!(ward.link("dev1"), before["link dev1"]);
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(ward.snapshot(), before);
}
