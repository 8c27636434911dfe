//! Policies in slots: apply, read back, flip, refuse.

use xiot_agent::datapath::{ApplyError, Datapath};
use xiot_common::{device::Mode, image::Line, port::Side};

use crate::image::{nobody_listed, small, udp};

#[test]
fn each_policy_goes_to_the_slot_that_is_not_in_force() {
    let mut datapath = Datapath::load(&small()).unwrap();
    assert_eq!(datapath.header(), None);
    for revision in 1..=5 {
        let before = datapath.active();
        let image = nobody_listed(Mode::Enforce, revision);
        datapath.apply(&image).unwrap();
        let active = datapath.active().unwrap();
        assert_ne!(Some(active.slot), before.map(|before| before.slot));
        assert_eq!(active.epoch, before.map_or(0, |before| before.epoch) + 1);
        assert_eq!(active.header, image.header);
    }
}

#[test]
fn the_program_judges_by_the_policy_in_force() {
    let mut datapath = Datapath::load(&small()).unwrap();
    for (revision, mode, action) in [
        (1, Mode::Enforce, 1),
        (2, Mode::Monitor, 4),
        (3, Mode::Enforce, 1),
    ] {
        datapath.apply(&nobody_listed(mode, revision)).unwrap();
        datapath.clear_flows().unwrap();
        let outcome = datapath.test_run(Side::Device, &udp()).unwrap();
        assert_eq!(outcome.action, action, "{:?}", outcome.trace);
        assert_eq!(outcome.trace.slot, datapath.active().unwrap().slot);
    }
}

#[test]
fn a_refused_policy_leaves_the_one_in_force() {
    let mut datapath = Datapath::load(&small()).unwrap();
    let good = nobody_listed(Mode::Enforce, 1);
    datapath.apply(&good).unwrap();
    let slot = datapath.active().unwrap().slot;

    let mut foreign = nobody_listed(Mode::Learn, 2);
    foreign.header.abi += 1;
    let mut torn = nobody_listed(Mode::Learn, 2);
    torn.lines[3].0[4] ^= 1;
    let mut short = nobody_listed(Mode::Learn, 2);
    short.lines.pop();
    let mut unmarked = nobody_listed(Mode::Learn, 2);
    unmarked.header.magic = 0;
    let mut long = nobody_listed(Mode::Learn, 2);
    (4..65).for_each(|_| long.lines.push(Line::default()));
    long.header.lines = 65;
    let mut crowded = nobody_listed(Mode::Learn, 2);
    crowded.header.device_count = 17;
    let mut strict = nobody_listed(Mode::Learn, 2);
    strict.header.rule_count = 17;

    for (image, message) in [
        (foreign, "ABI version"),
        (torn, "its digest"),
        (short, "its number of lines"),
        (unmarked, "its magic"),
        (long, "needs 65 lines, the gateway has room for 64"),
        (crowded, "needs 17 devices, the gateway has room for 16"),
        (strict, "needs 17 rules, the gateway has room for 16"),
    ] {
        let error = datapath.apply(&image).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(!matches!(error, ApplyError::ReadBack { .. }));
        assert_eq!(datapath.header(), Some(good.header));
        assert_eq!(datapath.active().unwrap().slot, slot);
    }
}
