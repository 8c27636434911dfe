//! The gateway file.

use std::path::PathBuf;

use super::{
    capacity::read_capacity,
    metrics::read_metrics,
    router::{Router, read_router},
    wire::{Seen, read_wires},
};
use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Fields, Numbers, choice, counts, duration_within, path, shorten, text},
        gateway::{
            Control, DEFAULT_BINDINGS_SETTLE, DEFAULT_GRACE, Events, Gateway, Limits, Reload,
            XdpMode,
        },
        limit::{
            ADDRESSES_PER_DEVICE, BINDINGS_SETTLE, EVENT_RATE, FLOW_RATE, GRACE,
            MAX_SOCKET_PATH_BYTES,
        },
        yaml::Node,
    },
};

/// The control socket unless the file says otherwise.
const SOCKET: &str = "/run/xiot/control.sock";

/// The directory of pins unless the file says otherwise.
const PINS: &str = "/sys/fs/bpf/xiot";

/// Longest path of a directory (`PATH_MAX` of Linux with room for a file name).
const MAX_PATH_BYTES: usize = 3_840;

/// Longest name of a group of users (shadow's `useradd`).
const MAX_GROUP_BYTES: usize = 32;

const XDP_MODES: [(&str, XdpMode); 3] = [
    ("native", XdpMode::Native),
    ("generic", XdpMode::Generic),
    ("auto", XdpMode::Auto),
];

const RELOADS: [(&str, Reload); 2] = [
    ("on-request", Reload::OnRequest),
    ("on-change", Reload::OnChange),
];

/// Reads the root of a gateway file.
pub(crate) fn read_gateway(root: &Node<'_>, file: &str, report: &mut Report) -> Option<Gateway> {
    const KEYS: [&str; 12] = [
        "wires",
        "router",
        "xdp",
        "metrics",
        "control",
        "pins",
        "capacity",
        "events",
        "limits",
        "grace",
        "bindings-settle",
        "reload",
    ];
    let fields = Fields::read(root, "a gateway", &KEYS, report)?;
    let router = fields.get("router");
    let wires = if router.is_some() {
        fields.get("wires")
    } else {
        fields.require(
            "wires",
            "`wires: [{name: ward-3, device: eth1, uplink: eth2}]`, or a `router`",
            report,
        )
    };
    let mut seen = Seen::default();
    let mut wires = wires.map_or_else(Vec::new, |node| read_wires(node, &mut seen, report));
    let Router { uplinks, segments } = router.map_or_else(Router::default, |node| {
        read_router(node, wires.len(), &mut seen, report)
    });
    wires.extend(segments);
    Some(Gateway {
        file: file.to_owned(),
        wires,
        uplinks,
        xdp: fields
            .get("xdp")
            .and_then(|node| choice(node, "an XDP mode", &XDP_MODES, report))
            .unwrap_or_default(),
        metrics: read_metrics(fields.get("metrics"), report),
        control: read_control(fields.get("control"), report),
        pins: fields
            .get("pins")
            .and_then(|node| path(node, "the directory of pins", MAX_PATH_BYTES, report))
            .unwrap_or_else(|| PathBuf::from(PINS)),
        capacity: read_capacity(fields.get("capacity"), report),
        events: read_events(fields.get("events"), report),
        limits: read_limits(fields.get("limits"), report),
        grace: fields
            .get("grace")
            .and_then(|node| duration_within(node, "a grace time", &GRACE, report))
            .unwrap_or(DEFAULT_GRACE),
        bindings_settle: fields
            .get("bindings-settle")
            .and_then(|node| duration_within(node, "a time to settle", &BINDINGS_SETTLE, report))
            .unwrap_or(DEFAULT_BINDINGS_SETTLE),
        reload: fields
            .get("reload")
            .and_then(|node| choice(node, "when to reload", &RELOADS, report))
            .unwrap_or_default(),
    })
}

fn read_control(node: Option<&Node<'_>>, report: &mut Report) -> Control {
    let fields =
        node.and_then(|node| Fields::read(node, "`control`", &["socket", "group"], report));
    let get = |key| fields.as_ref().and_then(|fields| fields.get(key));
    Control {
        socket: get("socket")
            .and_then(|node| path(node, "the control socket", MAX_SOCKET_PATH_BYTES, report))
            .unwrap_or_else(|| PathBuf::from(SOCKET)),
        group: get("group").and_then(|node| read_group(node, report)),
    }
}

/// The name of a group of users, as `/etc/group` may have it.
fn read_group(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let text = text(node, "the name of a group of users", report)?;
    let is_name = (1..=MAX_GROUP_BYTES).contains(&text.value.len())
        && text
            .value
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, ':' | ',' | '/'));
    if is_name {
        return Some(text.value.to_owned());
    }
    report.push(
        Diagnostic::new(
            Code::BadName,
            text.span,
            format!(
                "`{}` cannot be the name of a group of users",
                shorten(text.value)
            ),
        )
        .hint("groups are as `getent group` shows them"),
    );
    None
}

fn read_events(node: Option<&Node<'_>>, report: &mut Report) -> Events {
    let mut events = Events::default();
    let rate = Numbers {
        what: "a number of events per second",
        range: EVENT_RATE,
    };
    counts(
        node,
        "`events`",
        [
            ("per-sender", &rate, &mut events.per_sender),
            ("per-cpu", &rate, &mut events.per_cpu),
        ],
        report,
    );
    events
}

fn read_limits(node: Option<&Node<'_>>, report: &mut Report) -> Limits {
    let rate = Numbers {
        what: "a number per second",
        range: FLOW_RATE,
    };
    let addresses = Numbers {
        what: "a number of addresses",
        range: ADDRESSES_PER_DEVICE,
    };
    let mut limits = Limits::default();
    let Limits {
        new_flows_unlisted,
        new_flows_per_cpu,
        group_frames_per_sender,
        group_frames_per_port,
        addresses_per_device,
    } = &mut limits;
    counts(
        node,
        "`limits`",
        [
            ("new-flows-unlisted", &rate, new_flows_unlisted),
            ("new-flows-per-cpu", &rate, new_flows_per_cpu),
            ("group-frames-per-sender", &rate, group_frames_per_sender),
            ("group-frames-per-port", &rate, group_frames_per_port),
            ("addresses-per-device", &addresses, addresses_per_device),
        ],
        report,
    );
    limits
}
