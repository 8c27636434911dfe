//! The gateway as a whole.

use std::time::Duration;

use super::{binding, decided, names, record, time, traffic};
use crate::{
    collect::ReasonTotal,
    service::{
        faults::Fault,
        state::{
            Adoption, Agent, AuditInfo, CalendarState, Criticality, EventTotals, Gauge,
            LearnedLevels, Mode, Modes, NamedDevices, PolicyInfo, Port, ProfileTotals, Reason,
            Refusal, Reloads, RevisionInfo, Side, Status, Verdict, Wire,
        },
        view,
    },
    store::audit::Place,
};

fn port(interface: &str, ifindex: u32) -> Port {
    Port {
        interface: interface.to_owned(),
        ifindex,
        xdp: "native",
        attached: true,
        carrier: true,
    }
}

fn policy_info() -> PolicyInfo {
    PolicyInfo {
        file: "policy.yaml".to_owned(),
        digest: [0xab; 32],
        compiled_at: time(),
        revision: 3,
        epoch: 5,
        applied_at: time(),
        reloads: Reloads {
            applied: 2,
            unchanged: 1,
            refused: 4,
            took: Some(Duration::from_millis(31)),
            refusal: Some(Refusal {
                at: time() + Duration::from_mins(2),
                why: "policy.yaml:29:14: error[unknown-name]: there is no peer set `pump-sever`"
                    .to_owned(),
            }),
            ..Reloads::since(time())
        },
        onboarding: Mode::Learn,
        devices: 2,
        device_capacity: 16_384,
        profiles: 2,
        rules: 4,
        rule_capacity: 65_536,
        image_bytes: Gauge {
            used: 4096,
            capacity: 16 << 20,
        },
        revisions: RevisionInfo {
            in_force: Some(record(3)),
            trial: Some(time()),
            trouble: None,
            files_changed: true,
            audited: AuditInfo {
                head: Some(Place {
                    sequence: 17,
                    hash: "cd".repeat(32),
                }),
                trouble: None,
            },
        },
    }
}

fn calendars() -> Vec<CalendarState> {
    let calendar = |name: &str, in_force, changes| CalendarState {
        name: name.to_owned(),
        in_force,
        changes,
    };
    vec![
        calendar("weekdays", true, Some(time() + Duration::from_hours(10))),
        calendar(
            "maintenance",
            false,
            Some(time() + Duration::from_hours(48)),
        ),
        calendar("commissioning", false, None),
    ]
}

pub(crate) fn status() -> Status {
    let names = names();
    let counters: Vec<_> = (0..2)
        .flat_map(|port| {
            Reason::ALL.iter().map(move |&reason| ReasonTotal {
                port,
                reason,
                total: Default::default(),
            })
        })
        .collect();
    let mut frames = view::frames(&counters);
    for total in &mut frames {
        if total.side == Side::Device && total.reason == Reason::AllowedFlow {
            total.frames = 120;
            total.bytes = 16_384;
        }
        if total.side == Side::Device
            && total.reason == Reason::NoPort
            && total.verdict == Verdict::Dropped
        {
            total.frames = 3;
            total.bytes = 180;
        }
    }
    Status {
        agent: Agent {
            version: "0.1.0",
            abi: 1,
            pid: 4711,
            started: time(),
            adoption: Adoption::Kept,
            faults: Fault::ALL.map(|fault| (fault, 0)).to_vec(),
        },
        policy: policy_info(),
        calendars: calendars(),
        wires: vec![Wire {
            name: "ward-3".to_owned(),
            device: Some(port("eth1", 3)),
            uplink: Some(port("eth2", 4)),
            fail: Some("closed"),
            fail_trouble: None,
        }],
        devices: view::modes(&names),
        unlisted: 1,
        learning_trouble: None,
        unlisted_forgotten: 0,
        flows: Gauge {
            used: 1,
            capacity: 131_072,
        },
        half_open: Gauge {
            used: 7,
            capacity: 65536,
        },
        observed: Gauge {
            used: 4,
            capacity: 131_072,
        },
        bindings: binding::count(),
        named: named(),
        copies: EventTotals {
            sent: 40,
            suppressed: 5,
            lost: 1,
        },
        heard: vec![("dns", 30), ("dhcp", 9), ("dhcpv6", 0), ("lldp", 1)],
        learned: learned(),
        event_ring: Gauge {
            used: 4096,
            capacity: 1 << 20,
        },
        events: EventTotals {
            sent: 3,
            suppressed: 2,
            lost: 0,
        },
        frames,
        decisions: vec![decided::decided(), decided::fallen()],
        on_probation: 2,
        falls: 1,
        profiles: vec![ProfileTotals {
            profile: "infusion-pump".to_owned(),
            criticality: Some(Criticality::LifeSustaining),
            devices: Modes {
                learn: 0,
                monitor: 0,
                enforce: 1,
            },
            traffic: traffic(),
            rule_hits: 2,
        }],
    }
}

fn named() -> NamedDevices {
    NamedDevices {
        listed: Gauge {
            used: 2,
            capacity: 65536,
        },
        addresses: 9,
    }
}

fn learned() -> LearnedLevels {
    LearnedLevels {
        devices: Gauge {
            used: 3,
            capacity: 32768,
        },
        conversations: Gauge {
            used: 2050,
            capacity: 4_000_000,
        },
    }
}
