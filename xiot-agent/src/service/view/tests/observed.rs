//! Observed conversations.

use super::*;

fn conversation(mac: MacBytes, peer: [u8; 4], port: u16, bytes: u64) -> collect::Observed {
    collect::Observed {
        key: ObservedKey {
            peer: Addr::v4(peer),
            address: Addr::v4([10, 30, 1, 12]),
            mac: Mac(mac),
            port,
            protocol: 6,
            ..ObservedKey::default()
        },
        entry: ObservedEntry {
            frames: 10,
            bytes,
            flows: 2,
            first_seen: 900,
            last_seen: 990,
            reason: Reason::AllowedRule as u8,
            rule: 1,
            ..ObservedEntry::default()
        },
    }
}

#[test]
fn what_was_observed_gets_its_names() {
    let raw = conversation(sample::PUMP, [10, 20, 8, 11], 3613, 4096);
    let seen = observed(&sample::names(), now(), &raw).unwrap();
    assert_eq!(seen.device.as_deref(), Some("pump-icu-12"));
    assert_eq!(seen.initiator, Opener::Device);
    assert_eq!(seen.peer_address.to_string(), "10.20.8.11");
    assert_eq!((seen.port, seen.conversations), (3613, 2));
    assert_eq!(seen.first_seen.unwrap().to_string(), "2026-05-01T11:58:20Z");
    assert_eq!(seen.verdict, Verdict::Forwarded);
    assert_eq!(seen.rule.as_ref().unwrap().line, 11);
    let mut denied = raw;
    denied.key.flags = OBSERVED_PEER_INITIATED | OBSERVED_MIDSTREAM;
    denied.entry.reason = Reason::NoPort as u8;
    denied.entry.rule = 0;
    let seen = observed(&sample::names(), now(), &denied).unwrap();
    assert_eq!(
        (seen.initiator, seen.midstream, seen.verdict, seen.rule),
        (Opener::Peer, true, Verdict::WouldDrop, None)
    );
    denied.entry.reason = 0;
    assert_eq!(observed(&sample::names(), now(), &denied), None);
}

#[test]
fn what_was_observed_is_sorted_by_device_and_traffic() {
    let stranger = conversation(sample::STRANGER, [10, 0, 0, 9], 445, 9_000_000);
    let mut denied = conversation(sample::PUMP, [10, 20, 8, 12], 22, 5);
    denied.entry.reason = Reason::NoPeer as u8;
    let all = [
        stranger,
        denied,
        conversation(sample::PUMP, [10, 20, 8, 11], 3613, 100),
        conversation(sample::MONITOR, [10, 20, 8, 11], 2575, 7),
    ];
    let ports = |filter: ObservedFilter| {
        let seen = all
            .iter()
            .filter_map(|raw| observed(&sample::names(), now(), raw));
        let selected = select_observed(seen, &filter);
        let ports: Vec<_> = selected.items.iter().map(|seen| seen.port).collect();
        (ports, selected.left_out)
    };
    let filter = ObservedFilter::default;
    assert_eq!(ports(filter()), (vec![2575, 3613, 22, 445], 0));
    let limit = Some(1);
    assert_eq!(ports(ObservedFilter { limit, ..filter() }), (vec![2575], 3));
    let would_drop = true;
    assert_eq!(
        ports(ObservedFilter {
            would_drop,
            ..filter()
        }),
        (vec![22], 0)
    );
    for (device, wanted) in [
        ("pump-icu-12", vec![3613, 22]),
        ("02-00-00-00-00-66", vec![445]),
        ("nobody", vec![]),
    ] {
        let device = Some(device.to_owned());
        assert_eq!(ports(ObservedFilter { device, ..filter() }), (wanted, 0));
    }
}
