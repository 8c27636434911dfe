//! The keys that scripts rely on.

use crate::{api::wire, service::sample};

#[test]
fn keys_of_every_answer() {
    let status = super::status(&sample::status());
    insta::assert_json_snapshot!("status", status);
    let devices: Vec<_> = sample::devices().into_iter().map(super::device).collect();
    insta::assert_json_snapshot!("devices", devices);
    insta::assert_json_snapshot!("flow", super::flow(sample::flow()));
    insta::assert_json_snapshot!("observed", super::observed(sample::observed()));
    insta::assert_json_snapshot!("binding", super::binding(sample::binding()));
    insta::assert_json_snapshot!("named", super::named(sample::named()));
    insta::assert_json_snapshot!("comparison", super::comparison(sample::comparison()));
    insta::assert_json_snapshot!("drop", super::drop(&sample::drop(1)));
    insta::assert_json_snapshot!("promotion", super::promotion(sample::promoted()));
}

#[test]
fn what_is_kept_of_another_revision_is_not_told_of_the_one_in_force() {
    let mut status = sample::status();
    assert!(super::status(&status).policy.kept.is_some());
    status.policy.revision += 1;
    assert_eq!(super::status(&status).policy.kept, None);
}

#[test]
fn drops_of_other_kinds_say_only_what_is_known() {
    let mut arp = sample::drop(1);
    (arp.ethertype, arp.protocol, arp.src, arp.dst) = (0x0806, 0, None, None);
    let arp = super::drop(&arp);
    assert_eq!(arp.ethertype, "arp");
    assert_eq!(
        (arp.protocol, arp.src_port, arp.tcp_flags),
        (None, None, None)
    );

    let mut ping = sample::drop(1);
    ping.protocol = 1;
    if let Some(end) = &mut ping.dst {
        end.port = 0x0800;
    }
    let ping = super::drop(&ping);
    assert_eq!(ping.icmp, Some((8, 0)));
    assert_eq!((ping.src_port, ping.dst_port), (None, None));
}

#[test]
fn what_is_observed_has_a_port_or_a_type_or_neither() {
    let service = |protocol, port| {
        let observed = super::observed(crate::service::state::Observed {
            protocol,
            port,
            ..sample::observed()
        });
        (observed.protocol, observed.port, observed.icmp)
    };
    let name = str::to_owned;
    assert_eq!(service(17, 53), (name("udp"), Some(53), None));
    assert_eq!(service(1, 0x0301), (name("icmp"), None, Some((3, 1))));
    // ICMPv6 in IPv4 is a protocol without ports.
    assert_eq!(service(58, 0), (name("icmpv6"), None, None));
    assert_eq!(service(47, 0), (name("47"), None, None));
}

#[test]
fn drops_are_filtered_by_device_and_reason() {
    let drop = sample::drop(1);
    let wants = |device: Option<&str>, reason: Option<&str>| {
        let query = wire::DropsQuery {
            device: device.map(str::to_owned),
            reason: reason.map(str::to_owned),
            ..wire::DropsQuery::default()
        };
        super::DropFilter::new(&query).map(|filter| filter.wants(&drop))
    };
    for (device, reason, wanted) in [
        (None, None, true),
        (Some("pump-icu-12"), None, true),
        (Some("00-03-B1-00-00-12"), None, true),
        (Some("monitor-7"), None, false),
        (None, Some("no_port"), true),
        (None, Some("no_peer"), false),
    ] {
        assert_eq!(
            wants(device, reason).unwrap(),
            wanted,
            "{device:?} {reason:?}"
        );
    }
    wants(None, Some("no_such_reason")).unwrap_err();
}

#[test]
fn a_time_before_time_began_is_no_error() {
    let query = wire::DropsQuery {
        since_seconds: Some(u64::MAX),
        ..wire::DropsQuery::default()
    };
    let since = super::DropFilter::new(&query).unwrap().since().unwrap();
    assert!(since < sample::time());
}
