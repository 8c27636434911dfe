//! The largest policies: all there, where it is looked for, in no more room than they should take.

use std::{net::IpAddr, time::Instant};

use xiot_common::{
    addr::{Mac, Vlans},
    reason::Reason,
};

use super::{ROOMY, build::large, compile_for};
use crate::{
    compile::read::{Opening, Reader},
    model::policy::Clause,
};

/// Questions asked: a prime, so that they hit all kinds of rules.
const STEP: usize = 997;

#[test]
fn a_hundred_thousand_devices_and_a_million_rules() {
    let (devices, profiles, rules) = (100_000, 1_000, 1_000_000);
    let policy = large(devices, profiles, rules);
    let start = Instant::now();
    let image = compile_for(&policy, &ROOMY).unwrap();
    println!("compiled in {:?}", start.elapsed());

    let header = &image.header;
    assert_eq!((header.device_count, header.rule_count), (devices, rules));
    // A line for each rule, since each is another one.
    assert_eq!(header.profiles - header.rule_lines, rules);
    assert_eq!(header.device_records - header.profiles, 2 * profiles);
    assert_eq!(header.devices.base - header.device_records, devices / 4 + 1);
    // Powers of two, so between the load aimed at and half of it.
    assert_eq!(header.devices.mask + 1, 1 << 16);
    assert_eq!(header.peers_v4.mask + 1, 1 << 19);
    assert_eq!(header.peers_v6.mask + 1, 1 << 17);
    assert_eq!(image.lines.len(), header.lines as usize);

    let reader = Reader::new(&image);
    for (id, device) in (1..).zip(&policy.devices).step_by(STEP) {
        assert_eq!(reader.device(Mac(device.mac), Vlans::default()), id);
        assert_eq!(reader.record(id).unwrap().profile as usize, device.profile);
        assert!(reader.is_bound(id, device.addresses[0]));
        assert!(!reader.is_bound(id, IpAddr::from([11, 0, 0, 1])));
    }
    for (profile, listed) in (0..).zip(&policy.profiles) {
        for rule in listed.rules.iter().step_by(STEP) {
            let [Clause::Tcp(ports)] = rule.clauses.as_slice() else {
                panic!("large policies have one TCP port a rule");
            };
            let frame = |port| Opening {
                initiator: rule.initiator,
                peer: rule.peers[0].ip(),
                protocol: 6,
                port,
                source_port: 0,
            };
            let allowed = reader.judge(profile, &frame(*ports[0].start()), 0);
            assert_eq!(
                (allowed.reason, allowed.rule),
                (Reason::AllowedRule, rule.id)
            );
            let denied = reader.judge(profile, &frame(ports[0].start().wrapping_add(1)), 0);
            assert_eq!(denied.reason, Reason::NoPort);
        }
    }
}
