//! Without the rights: each thread has its own, so that a test may drop them.

use std::thread;

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use xiot_agent::datapath::{
    AttachMode, BringUpError, Capability, Datapath, Detached, LoadError, bring_up,
};
use xiot_common::device::Mode;

use super::ward::Ward;
use crate::image::{nobody_listed, small};

/// Runs `work` on a thread that has these capabilities only.
fn with<T: Send>(capabilities: CapabilitySet, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        scope
            .spawn(|| {
                drop_to(capabilities);
                work()
            })
            .join()
            .expect("the thread does not panic")
    })
}

fn drop_to(capabilities: CapabilitySet) {
    let sets = CapabilitySets {
        effective: capabilities,
        permitted: capabilities,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets).expect("root may drop capabilities");
}

#[test]
fn a_plain_user_is_told_what_is_missing() {
    let ward = Ward::new();
    let before = ward.snapshot();
    let plan = ward.plan(AttachMode::Native);
    let image = nobody_listed(Mode::Monitor, 1);
    let error = ward
        .gateway
        .run(|| {
            // Capabilities are what root has and others don't.
            drop_to(CapabilitySet::empty());
            bring_up(&plan, &image)
        })
        .unwrap()
        .unwrap_err();
    let BringUpError::Load(LoadError::Privileges { missing, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!(
        missing[..],
        [Capability::NetAdmin, Capability::Perfmon, Capability::Bpf]
    );
    assert!(
        error
            .to_string()
            .contains("CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF")
    );
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn loading_without_the_rights_says_so_too() {
    let missing = |capabilities| {
        let error = with(capabilities, || Datapath::load(&small())).unwrap_err();
        let LoadError::Privileges { missing, .. } = error else {
            panic!("{error}");
        };
        missing
    };
    assert_eq!(missing(CapabilitySet::empty()).len(), 3);
    let all_but_net = CapabilitySet::BPF | CapabilitySet::PERFMON;
    assert_eq!(missing(all_but_net), [Capability::NetAdmin]);
}

#[test]
fn three_capabilities_are_enough() {
    let ward = Ward::new();
    let plan = ward.plan(AttachMode::Native);
    let image = nobody_listed(Mode::Monitor, 1);
    let enough = CapabilitySet::BPF | CapabilitySet::PERFMON | CapabilitySet::NET_ADMIN;
    let gateway = ward
        .gateway
        .run(|| {
            // The directory belongs to root, and so does this thread: no right to override is needed.
            drop_to(enough);
            bring_up(&plan, &image)
        })
        .unwrap()
        .unwrap();
    ward.assert_forwards(0);
    let down = ward
        .gateway
        .run(|| {
            drop_to(enough);
            gateway.shut_down()
        })
        .unwrap()
        .unwrap();
    assert_eq!(
        down,
        Detached {
            links: 2,
            restored: 6,
            ..down
        }
    );
}
