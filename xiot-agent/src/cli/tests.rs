//! The tables that people see.

use clap::CommandFactory as _;

use super::*;
use crate::{
    api::{
        convert,
        wire::{Drop, Verdict},
    },
    service::sample,
};

fn now() -> jiff::Timestamp {
    "2026-05-01T12:03:05Z".parse().unwrap()
}

#[test]
fn the_arguments_are_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn the_status_screen() {
    let status = convert::status(&sample::status());
    insta::assert_snapshot!(status::render(&status, now()));
}

#[test]
fn the_table_of_devices() {
    let devices: Vec<_> = sample::devices().into_iter().map(convert::device).collect();
    insta::assert_snapshot!(devices::render(&devices, now()));
}

#[test]
fn the_table_of_flows() {
    let mut denied = sample::flow();
    denied.would_drop = true;
    denied.rule = None;
    denied.reason = crate::service::state::Reason::NoPeer;
    denied.opener = crate::service::state::Opener::Peer;
    denied.device = None;
    let flows = [sample::flow(), denied].map(convert::flow);
    insta::assert_snapshot!(flows::render(&flows));
}

#[test]
fn the_table_of_bindings() {
    use crate::service::state::{Binding, BoundBy, Vlans};
    let endless = Binding {
        left: None,
        ..sample::binding()
    };
    let stranger = Binding {
        address: "fd00::5".parse().unwrap(),
        device: None,
        mac: sample::STRANGER,
        vlans: Vlans {
            outer: 30,
            inner: 0,
        },
        by: BoundBy::Use,
        ..sample::binding()
    };
    let bindings = [sample::binding(), endless, stranger].map(convert::binding);
    insta::assert_snapshot!(bindings::render(&bindings));
}

#[test]
fn the_way_to_another_mode() {
    let promotion = convert::promotion(sample::promoted());
    let now = "2026-11-23T06:00:00Z".parse().unwrap();
    insta::assert_snapshot!(promote::render(&promotion, now));
}

#[test]
fn the_table_of_names() {
    let gone = crate::service::state::Named {
        device: None,
        name: None,
        ..sample::named()
    };
    let named = [sample::named(), gone].map(convert::named);
    insta::assert_snapshot!(names::render(&named));
}

#[test]
fn what_makers_disclose_beside_what_is_done_and_enforced() {
    let comparison = convert::comparison(sample::comparison());
    insta::assert_snapshot!(compare::render(&comparison, now()));
}

#[test]
fn the_table_of_what_was_observed() {
    use crate::service::state::{Observed, Opener, Reason, Verdict, Vlans};
    let stranger = Observed {
        device: None,
        mac: sample::STRANGER,
        vlans: Vlans {
            outer: 30,
            inner: 0,
        },
        initiator: Opener::Peer,
        protocol: 1,
        port: 8 << 8,
        reason: Reason::UnknownDevice,
        verdict: Verdict::WouldDrop,
        rule: None,
        ..sample::observed()
    };
    let guess = Observed {
        midstream: true,
        protocol: 47,
        port: 0,
        ..stranger.clone()
    };
    let observed = [sample::observed(), stranger, guess].map(convert::observed);
    insta::assert_snapshot!(observed::render(&observed, now()));
}

#[test]
fn lines_of_drops() {
    let tcp = convert::drop(&sample::drop(1));
    let arp = Drop {
        protocol: None,
        src: None,
        dst: None,
        ethertype: "arp".to_owned(),
        verdict: Verdict::WouldDrop,
        vlan: "100.30".to_owned(),
        suppressed: 0,
        device: None,
        ..tcp.clone()
    };
    let ping = Drop {
        protocol: Some("icmp".to_owned()),
        src_port: None,
        dst_port: None,
        tcp_flags: None,
        icmp: Some((8, 0)),
        ..tcp.clone()
    };
    let lines: String = [tcp, arp, ping].iter().map(drops::render).collect();
    insta::assert_snapshot!(lines);
}

#[test]
fn the_table_of_what_was_learned() {
    let all = sample::learned(Some("pump-icu-12"));
    let devices: Vec<_> = all
        .devices
        .into_iter()
        .map(convert::learned_device)
        .collect();
    let seen: Vec<_> = all
        .conversations
        .into_iter()
        .map(convert::learned_conversation)
        .collect();
    let parts = [
        learned::render(&devices),
        learned::render(&devices[..1]),
        learned::render_described(&devices[..1]),
        learned::render_conversations(&seen, "2026-11-23T06:00:00Z".parse().unwrap()),
    ];
    insta::assert_snapshot!(parts.join("\n"));
}

#[test]
fn the_look_at_a_change() {
    let plan = convert::plan(sample::plan());
    insta::assert_snapshot!(change::preview(&plan));
    let unchanged = crate::api::wire::Plan {
        unchanged: true,
        of_revision: Some(2),
        ..plan.clone()
    };
    assert_eq!(
        change::preview(&unchanged),
        "unchanged: new.yaml of revision 2 is in force already, revision 3 (policy.yaml, abababababab)\n"
    );
    let mut harmless = plan;
    harmless.cut_flows = 0;
    assert!(change::preview(&harmless).contains("conversations that end: none of 214 live"));
}

#[test]
fn a_long_look_is_cut_off_and_says_so() {
    let mut plan = convert::plan(sample::plan());
    let device = plan.which_devices[0].clone();
    plan.which_devices = vec![device; 1_000];
    plan.devices.changed = 5_000;
    let text = change::preview(&plan);
    assert_eq!(text.matches("pump-icu-12 (life").count(), 20);
    assert!(text.contains("  and 4981 more\n"), "{text}");
}

#[test]
fn the_table_of_revisions() {
    let mut back = sample::record(4);
    back.cause = crate::store::Cause::Rollback(2);
    back.author = crate::store::Author::Agent;
    back.reason = None;
    back.back_to = Some(3);
    let mut before = sample::record(3);
    before.back_to = Some(2);
    let revisions = [back, before].map(convert::revision);
    insta::assert_snapshot!(history::render(&revisions, now()));
}

#[test]
fn a_difference_is_as_diff_prints_it() {
    let names = ["policy, revision 1", "policy, files"].map(str::to_owned);
    let text = diff::unified(&names, "a\nb\nc\n", "a\nx\nc\n", 1);
    assert_eq!(
        text,
        "--- policy, revision 1\n+++ policy, files\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"
    );
    assert_eq!(diff::unified(&names, "a\n", "a\n", 1), "");
}
