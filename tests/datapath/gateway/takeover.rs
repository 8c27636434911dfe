//! A new agent after one that died: the program is replaced in place, or the old one stays.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use xiot_agent::datapath::{AttachMode, BringUpError, UsedMode, detach};
use xiot_common::map;

use super::ward::{Path, Ward};
use crate::image::udp;

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
fn no_frame_is_lost_while_a_new_agent_takes_over() {
    let ward = Ward::new();
    let plan = ward.plan(AttachMode::Native);
    drop(ward.bring_up(&plan).unwrap());
    let path = Path::open(&ward, 0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let frames = scope.spawn(|| {
            let mut frame = udp();
            let mut sent = 0u32;
            let start = Instant::now();
            // Also ends if the other side panics.
            while !done.load(Ordering::Acquire) && start.elapsed() < AT_MOST {
                sent += 1;
                // The payload, so that each frame is one of a kind. Each must arrive before the next is sent.
                frame[42..46].copy_from_slice(&sent.to_be_bytes());
                path.assert_forwards(&frame);
            }
            sent
        });
        for _ in 0..3 {
            let gateway = ward.bring_up(&plan).unwrap();
            assert!(gateway.report().ports.iter().all(|port| port.taken_over));
        }
        assert!(!frames.is_finished(), "frames were sent to the end");
        done.store(true, Ordering::Release);
        let sent = frames.join().unwrap();
        println!("{sent} frames sent, all arrived");
        assert!(sent > 0);
    });
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

/// Far more than three takeovers take.
const AT_MOST: Duration = Duration::from_mins(1);

/// Makes the very last step of a takeover fail: a directory can't be replaced by a pin.
fn obstruct(ward: &Ward) {
    let path = ward.pins().join(map::TRACE);
    fs::remove_file(&path).expect("it was pinned");
    fs::create_dir(&path).expect("a BPF file system has directories");
}

fn clear(ward: &Ward) {
    fs::remove_dir(ward.pins().join(map::TRACE)).expect("it is empty");
}

#[test]
fn a_takeover_that_fails_gives_the_old_program_back() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    let both = ward.plan(AttachMode::Native);
    let mut one = both.clone();
    one.wires.truncate(1);
    drop(ward.bring_up(&one).unwrap());
    obstruct(&ward);
    let old = ward.program("dev0").unwrap();
    let links = ["dev0", "up0", "dev1", "up1"].map(|port| ward.link(port));

    let error = ward.bring_up(&both).unwrap_err();
    assert!(matches!(error, BringUpError::Pin { .. }), "{error}");
    assert_eq!(ward.program("dev0"), Some(old));
    assert_eq!(
        ["dev0", "up0", "dev1", "up1"].map(|port| ward.link(port)),
        links
    );
    ward.assert_forwards(0);

    clear(&ward);
    ward.gateway.run(|| detach(&ward.pins())).unwrap().unwrap();
}

#[test]
fn a_mode_change_that_fails_gives_the_old_mode_back() {
    let ward = Ward::new();
    drop(ward.bring_up(&ward.plan(AttachMode::Generic)).unwrap());
    obstruct(&ward);
    let old = ward.program("dev0").unwrap();

    ward.bring_up(&ward.plan(AttachMode::Native)).unwrap_err();
    assert_eq!(ward.program("dev0"), Some(old));
    assert!(ward.link("dev0").contains("xdpgeneric"));
    ward.assert_forwards(0);
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
