//! What takes a restart is named, and what may be asked for when.

use std::time::Duration;

use super::{Change, Occasion, ReloadError, gateway::fixed_changes, may, way_back};
use crate::{
    model::{
        gateway::Gateway,
        guard::{Guards, Level},
        load_gateway,
    },
    service::{keeper::Keeper, sample},
    store::Texts,
};

fn gateway(more: &str) -> Gateway {
    let file = format!("wires: [{{name: a, device: eth1, uplink: eth2}}]\n{more}");
    load_gateway("gateway.yaml", file).value.unwrap()
}

#[test]
fn what_only_a_start_can_change_is_named() {
    let old = gateway("");
    for (more, keys) in [
        ("", vec![]),
        ("grace: 1m\nbindings-settle: 1h\n", vec![]),
        ("capacity: {flows: 100}\n", vec!["capacity"]),
        (
            "events: {per-cpu: 5}\nlimits: {new-flows-per-cpu: 7}\n",
            vec!["events", "limits"],
        ),
        (
            "metrics: off\npins: /sys/fs/bpf/other\n",
            vec!["metrics", "pins"],
        ),
        ("metrics: {devices: all}\n", vec!["metrics"]),
        ("metrics: {listen: 127.0.0.1:9469}\n", vec![]),
        (
            "xdp: auto\ncontrol: {socket: /tmp/s}\n",
            vec!["xdp", "control"],
        ),
    ] {
        assert_eq!(fixed_changes(&old, &gateway(more)), keys, "{more}");
    }
    let mut other = gateway("");
    other.wires[0].uplink = Some("eth3".to_owned());
    assert_eq!(fixed_changes(&old, &other), ["wires"]);
    let router = |text: &str| gateway(&format!("router: {text}\n"));
    let old_router = router("{uplinks: eth5, segments: [{name: s, device: eth6}]}");
    for text in [
        "{uplinks: eth7, segments: [{name: s, device: eth6}]}",
        "{uplinks: eth5, segments: [{name: s, device: eth7}]}",
        "{uplinks: eth5, segments: [{name: s, device: eth6}, {name: t, device: eth7}]}",
    ] {
        assert_eq!(fixed_changes(&old_router, &router(text)), ["router"]);
        assert_eq!(fixed_changes(&old, &router(text)), ["router"]);
    }
    let mut other = gateway("");
    other.wires[0].guards = Guards::all(Level::Enforce);
    other.wires[0].ethertypes = vec![0x88cc];
    assert_eq!(fixed_changes(&old, &other), [""; 0]);
}

#[test]
fn the_refusal_says_what_to_do() {
    let error = ReloadError::Gateway {
        file: "gateway.yaml".to_owned(),
        keys: vec!["events", "limits"],
    };
    assert_eq!(
        error.to_string(),
        "gateway.yaml: `events`, `limits` changed, which takes a restart: start the agent anew (with --keep-attached no \
         frame goes unjudged meanwhile), or undo the change"
    );
}

fn sample_texts() -> Texts {
    Texts {
        gateway: "wires: []\n".into(),
        policy: "devices: []\n".into(),
    }
}

/// A keeper that has these revisions in force one after another, the last one on trial if that is said.
fn keeper(state: &tempfile::TempDir, numbers: &[u64], is_trial: bool) -> Keeper {
    let mut keeper = Keeper::open(state.path()).unwrap();
    for &number in numbers {
        let begun = keeper.begin(sample::record(number), sample_texts());
        let is_last = numbers.last() == Some(&number);
        let trial = (is_trial && is_last).then_some((number - 1, Duration::from_mins(1)));
        keeper.ends(begun, trial).unwrap();
    }
    keeper
}

fn asked(keeper: &Keeper, occasion: Occasion, base: Option<u64>) -> String {
    let change = Change {
        base,
        ..Change::files(occasion)
    };
    match may(keeper, &change) {
        Ok(()) => "yes".to_owned(),
        Err(ReloadError::OnTrial { number, .. }) => format!("{number} is on trial"),
        Err(ReloadError::Moved { base, now }) => format!("{base} is {now} by now"),
        Err(ReloadError::NoTrial) => "no trial".to_owned(),
        Err(other) => other.to_string(),
    }
}

#[test]
fn during_a_trial_nothing_may_be_asked_for_but_its_end() {
    let state = tempfile::tempdir().unwrap();
    let mut keeper = keeper(&state, &[1, 2], true);
    for occasion in [
        Occasion::Start,
        Occasion::Reload,
        Occasion::FileChange,
        Occasion::Apply,
    ] {
        assert_eq!(asked(&keeper, occasion, Some(2)), "2 is on trial");
    }
    assert_eq!(asked(&keeper, Occasion::Rollback, None), "yes");
    assert_eq!(asked(&keeper, Occasion::Unconfirmed, Some(2)), "yes");
    // Somebody confirms it as its time is over.
    keeper.confirm().unwrap();
    assert_eq!(asked(&keeper, Occasion::Unconfirmed, Some(2)), "no trial");
    assert_eq!(asked(&keeper, Occasion::Apply, Some(2)), "yes");
}

#[test]
fn what_was_looked_at_with_another_revision_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let keeper = keeper(&state, &[1, 2], false);
    for occasion in [Occasion::Apply, Occasion::Rollback, Occasion::Unconfirmed] {
        assert_eq!(asked(&keeper, occasion, Some(1)), "1 is 2 by now");
    }
    assert_eq!(asked(&keeper, Occasion::Rollback, Some(2)), "yes");
    assert_eq!(asked(&keeper, Occasion::Apply, None), "yes");
}

#[test]
fn a_trial_needs_a_way_back_that_is_kept() {
    let state = tempfile::tempdir().unwrap();
    let mut keeper = keeper(&state, &[1, 2], false);
    assert_eq!(way_back(&mut keeper).unwrap(), 2);
    keeper.withdraw(2).unwrap();
    assert!(matches!(
        way_back(&mut keeper),
        Err(ReloadError::NoWayBack(2))
    ));
    drop(keeper);

    // The disk takes nothing, and then it does.
    let file = state.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut keeper = Keeper::open(&file).unwrap();
    assert!(matches!(
        way_back(&mut keeper),
        Err(ReloadError::NothingBefore)
    ));
    let begun = keeper.begin(sample::record(1), sample_texts());
    keeper.ends(begun, None).unwrap_err();
    assert!(matches!(
        way_back(&mut keeper),
        Err(ReloadError::NotKept(_))
    ));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(way_back(&mut keeper).unwrap(), 1);
}
