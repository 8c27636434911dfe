//! Devices that are not listed.

use super::*;
use crate::compile::Assignment;

fn seen(mac: MacBytes, address: [u8; 4], last_seen: u32) -> Seen {
    let key = ObservedKey {
        address: Addr::v4(address),
        mac: Mac(mac),
        ..ObservedKey::default()
    };
    let entry = ObservedEntry {
        last_seen,
        ..ObservedEntry::default()
    };
    Seen::new(&key, &entry).unwrap()
}

#[test]
fn strangers_are_listed_once_with_all_their_addresses() {
    let seen = [
        seen(sample::STRANGER, [10, 30, 1, 67], 980),
        seen(sample::STRANGER, [10, 30, 1, 66], 970),
        seen(sample::PUMP, [10, 30, 1, 12], 990),
    ];
    let devices = devices(&sample::names(), now(), |_| DeviceCounter::default(), &seen);
    let [pump, monitor, stranger] = devices.as_slice() else {
        panic!("{devices:?}");
    };
    assert_eq!(pump.name.as_deref(), Some("pump-icu-12"));
    assert_eq!(monitor.name.as_deref(), Some("monitor-7"));
    assert_eq!(stranger.name, None);
    let addresses: Vec<_> = stranger.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["10.30.1.66", "10.30.1.67"]);
    assert_eq!(
        stranger.last_seen.unwrap().to_string(),
        "2026-05-01T11:59:40Z"
    );
    assert_eq!(unlisted(&sample::names(), &seen), 1);
}

#[test]
fn a_device_that_was_only_asked_for_was_not_seen() {
    let key = ObservedKey {
        flags: OBSERVED_PEER_INITIATED,
        mac: Mac(sample::STRANGER),
        ..ObservedKey::default()
    };
    assert_eq!(Seen::new(&key, &ObservedEntry::default()), None);
}

#[test]
fn a_scanner_does_not_fill_the_memory() {
    let seen: Vec<_> = (0..=255)
        .map(|host| seen(sample::STRANGER, [10, 0, 0, host], 1))
        .collect();
    let devices = devices(&sample::names(), now(), |_| DeviceCounter::default(), &seen);
    assert_eq!(devices.last().unwrap().addresses.len(), 16);
}

#[test]
fn the_device_on_these_vlans_wins_over_the_one_on_any() {
    use std::sync::Arc;
    let mut policy = sample::policy();
    policy.devices[1].mac = sample::PUMP;
    policy.devices[1].vlan = Some((30, 0));
    let ids = Assignment::fresh(&policy);
    let names = Names::new(Arc::new(policy), Arc::from(["w".to_owned()]), Arc::new(ids));
    let on = |outer| {
        let vlans = Vlans { outer, inner: 0 };
        let device = names.listed(sample::PUMP, vlans);
        device.map(|device| device.name.clone())
    };
    assert_eq!(on(30).as_deref(), Some("monitor-7"));
    assert_eq!(on(31).as_deref(), Some("pump-icu-12"));
    assert_eq!(names.listed(sample::MONITOR, Vlans::default()), None);
}
