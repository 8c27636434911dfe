//! Every metric, once: name, type, labels and the sentence that a stranger reads. `docs/metrics.md` is made from this.

use std::fmt::Write as _;

/// What a series does over time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Only grows, until it begins anew at zero.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Metric {
    /// Name, unit included.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Names of the labels.
    pub labels: &'static [&'static str],
    /// One sentence or two.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            pub const $constant: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )+

        /// Every metric in the order of the documentation.
        pub const ALL: &[Metric] = &[$($constant),+];
    };
}

impl Metric {
    /// Whether single devices have series of it: only where the gateway file asks for them.
    pub fn is_of_devices(&self) -> bool {
        self.labels.contains(&"device")
    }
}

metrics! {
    BUILD_INFO Gauge "xiot_build_info" ["version", "abi"]
        "Always 1. Version of the agent and of the layouts it shares with the XDP program.";
    START_TIME Gauge "xiot_start_timestamp_seconds" []
        "When the agent started, in seconds since the Unix epoch.";
    ADOPTION Gauge "xiot_adoption_info" ["outcome"]
        "Always 1. What became of conversations, counters and what was observed under the agent before. Outcome: kept, they go on; first, there was none; or anew, they were forgotten (the log and status say why).";
    ERRORS Counter "xiot_errors_total" ["kind"]
        "What went wrong within the agent since it started; the log says more. Kind: maps, the kernel could not be asked; sweep, what is over could not be removed; events, the ring could not be read or held what is no event; slot, a policy slot did not keep what was written; note, the next agent will begin anew; router, its ports or neighbours could not be looked after; answer, a request failed.";
    POLICY_INFO Gauge "xiot_policy_info" ["file", "digest", "onboarding"]
        "Always 1. The policy in force: its file, the SHA-256 of its compiled image, and the mode of devices that it does not list.";
    POLICY_COMPILED Gauge "xiot_policy_compiled_timestamp_seconds" []
        "When the policy in force was compiled, in seconds since the Unix epoch.";
    POLICY_APPLIED Gauge "xiot_policy_applied_timestamp_seconds" []
        "When the policy was put in force, in seconds since the Unix epoch.";
    POLICY_REVISION Gauge "xiot_policy_revision" []
        "Number of the policy in force, as history numbers them.";
    POLICY_EPOCH Gauge "xiot_policy_epoch" []
        "Counts everything that made the program judge conversations again, from 1.";
    POLICY_RULES Gauge "xiot_policy_rules" []
        "Rules of the policy in force.";
    POLICY_RULES_CAPACITY Gauge "xiot_policy_rules_capacity" []
        "Rules that the gateway has room for (capacity.rules).";
    POLICY_IMAGE Gauge "xiot_policy_image_bytes" []
        "Size of the compiled policy in force.";
    POLICY_IMAGE_CAPACITY Gauge "xiot_policy_image_capacity_bytes" []
        "Largest compiled policy that the gateway has room for (capacity.policy).";
    CALENDAR_IN_FORCE Gauge "xiot_calendar_in_force" ["calendar"]
        "1 if the calendar of the policy is in force now, and with it what is allowed in it. No series where the policy has no calendars.";
    RELOADS Counter "xiot_reloads_total" ["outcome"]
        "Reloads since the agent started. Outcome: applied; unchanged, the files said nothing new; or refused, the files can't be used and the policy in force stayed.";
    RELOAD_ATTEMPT Gauge "xiot_reload_last_attempt_timestamp_seconds" []
        "When the files were last loaded or refused, in seconds since the Unix epoch; the start counts.";
    RELOAD_SUCCESS Gauge "xiot_reload_last_success_timestamp_seconds" []
        "When the files were last loaded, in seconds since the Unix epoch; the start counts.";
    RELOAD_DURATION Gauge "xiot_reload_last_duration_seconds" []
        "How long the last reload took, whatever came of it; 0 before the first.";
    FILES_REFUSED Gauge "xiot_files_refused" []
        "1 if the files were refused when they were read last: what they say is not in force. status says why.";
    FILES_CHANGED Gauge "xiot_files_changed" []
        "1 if the files are others than when the policy in force was put there, or can't be read: what they say is not in force.";
    RECORD_TROUBLE Gauge "xiot_record_trouble" ["record"]
        "1 if what the state directory keeps is not written, or is not what was written. Record: revisions, audit or learned. status says why; the policy in force is not touched by it.";
    FRAMES Counter "xiot_frames_total" ["wire", "side", "verdict", "reason"]
        "Frames judged, by the wire and side they came in at. Verdict: forwarded; would_drop, which policy denies but the mode lets through; or dropped. docs/judgement.md explains each reason.";
    BYTES Counter "xiot_bytes_total" ["wire", "side", "verdict", "reason"]
        "Bytes of the frames in xiot_frames_total, from the first MAC byte, without frame check sequence.";
    DEVICES Gauge "xiot_devices" ["mode"]
        "Devices that the policy lists, by mode.";
    DEVICES_CAPACITY Gauge "xiot_devices_capacity" []
        "Devices that the gateway has room for (capacity.devices).";
    UNLISTED_DEVICES Gauge "xiot_unlisted_devices" []
        "Devices that sent a frame into a device port, forwarded or dropped, and that the policy does not list (docs/operations.md says how they are known).";
    UNLISTED_FORGOTTEN Counter "xiot_unlisted_devices_forgotten_total" []
        "Devices that are no longer in xiot_unlisted_devices: there is room for 4096 of those that were refused, and the longest silent goes first. A sign of forged MACs.";
    DECISIONS Gauge "xiot_decisions" ["decision"]
        "Decisions about single devices in force beside the policy. Decision: quarantine, break-glass, or fallback (back to mode monitor, by the agent).";
    PROBATION Gauge "xiot_probation_devices" []
        "Enforced devices that a change is on probation for: what they need and lose by it has them fall back to mode monitor.";
    FALLBACKS Counter "xiot_fallbacks_total" []
        "How often devices fell back to mode monitor since the agent started.";
    PROFILE_INFO Gauge "xiot_profile_info" ["profile", "criticality"]
        "Always 1. What a failure of the most critical device of a profile means: low, medium, high or life-sustaining; empty where the policy does not say.";
    PROFILE_DEVICES Gauge "xiot_profile_devices" ["profile", "mode"]
        "Devices of a profile, by mode.";
    PROFILE_FRAMES Counter "xiot_profile_frames_total" ["profile", "direction", "verdict"]
        "Frames of a profile's listed devices. Direction: from or to the device. Verdict: forwarded (would_drop included) or dropped.";
    PROFILE_BYTES Counter "xiot_profile_bytes_total" ["profile", "direction"]
        "Bytes of the forwarded frames of a profile's listed devices.";
    PROFILE_WOULD_DROP Counter "xiot_profile_would_drop_frames_total" ["profile"]
        "Frames of a profile's listed devices that policy denies and the mode let through: what mode enforce would have dropped.";
    PROFILE_RULE_HITS Counter "xiot_profile_rule_hits_total" ["profile"]
        "Times that a rule of the profile allowed something new: a conversation, or a message that needs none.";
    FLOWS Gauge "xiot_flows" []
        "Conversations that both sides spoke in, in the flow table when it was last swept.";
    FLOW_CAPACITY Gauge "xiot_flow_capacity" []
        "Conversations that the flow table has room for (capacity.flows). When it is full, no answer to a new one passes.";
    HALF_OPEN Gauge "xiot_half_open_flows" []
        "Conversations that only one side spoke in, in the flow table when it was last swept.";
    HALF_OPEN_CAPACITY Gauge "xiot_half_open_capacity" []
        "Such conversations that there is room for beside all others: capacity.half-open, or capacity.flows if that is more. Beyond it they give way to each other.";
    OBSERVED Gauge "xiot_observed_entries" []
        "Observed conversations when they were last read.";
    OBSERVED_CAPACITY Gauge "xiot_observed_capacity" []
        "Observed conversations that there is room for (capacity.observed). When it is full, the oldest are forgotten.";
    BINDINGS Gauge "xiot_bindings" ["by"]
        "Addresses bound to the MACs of devices, when they were last swept. By: lease, which DHCP servers gave; or use, IPv6 addresses that devices took themselves.";
    BINDINGS_CAPACITY Gauge "xiot_bindings_capacity" []
        "Addresses that there is room for; those by use take up half at most. When it is full, new addresses stay unbound.";
    NAMED_DEVICES Gauge "xiot_named_devices" []
        "Listed devices that were told addresses of DNS names which rules name, when they were last swept.";
    NAMED_DEVICES_CAPACITY Gauge "xiot_named_devices_capacity" []
        "Such devices that there is room for. When it is full, other devices are told nothing, and what their rules allow by name is denied.";
    NAMED_ADDRESSES Gauge "xiot_named_addresses" []
        "Addresses with DNS names, each of one device, listed or not, when they were last swept.";
    COPIES_SENT Counter "xiot_copies_sent_total" []
        "Messages that the XDP program copied for the agent: answers of DNS servers, DHCP requests, LLDP. Learning takes names of peers and descriptions of devices from them.";
    COPIES_SUPPRESSED Counter "xiot_copies_suppressed_total" []
        "Such messages that were not copied because their device or CPU had used up its budget.";
    COPIES_LOST Counter "xiot_copies_lost_total" []
        "Such messages that were lost because the ring to the agent was full.";
    MESSAGES_HEARD Counter "xiot_messages_heard_total" ["kind"]
        "Such messages that the agent took since it started. Kind: dns, dhcp, dhcpv6 or lldp.";
    LEARNED_DEVICES Gauge "xiot_learned_devices" []
        "Devices of which anything was learned, listed or not, when it was last written down (up to a quarter of an hour ago).";
    LEARNED_DEVICES_CAPACITY Gauge "xiot_learned_devices_capacity" []
        "Devices that the database of what was learned has room for. When it is full, those go that were heard of in the fewest hours and are not listed.";
    LEARNED_CONVERSATIONS Gauge "xiot_learned_conversations" []
        "Conversations that were learned of all devices, likewise.";
    LEARNED_CONVERSATIONS_CAPACITY Gauge "xiot_learned_conversations_capacity" []
        "Conversations that there is room for.";
    EVENTS_SENT Counter "xiot_events_sent_total" []
        "Events that the XDP program handed to the agent: about frames that were dropped, or that policy denies and only the mode let through.";
    EVENTS_SUPPRESSED Counter "xiot_events_suppressed_total" []
        "Events held back because their sender or CPU had used up its budget (events).";
    EVENTS_LOST Counter "xiot_events_lost_total" []
        "Events lost because the ring to the agent was full (capacity.event-ring).";
    EVENT_RING Gauge "xiot_event_ring_used_bytes" []
        "Bytes of the ring to the agent that it has not taken out yet.";
    EVENT_RING_CAPACITY Gauge "xiot_event_ring_capacity_bytes" []
        "Bytes that the ring to the agent has room for (capacity.event-ring).";
    XDP_MODE Gauge "xiot_xdp_mode_info" ["wire", "side", "port", "mode"]
        "Always 1. How the XDP program is attached to each port: native (in the driver) or generic (in the network stack, slow).";
    PORT_ATTACHED Gauge "xiot_port_attached" ["wire", "side", "port"]
        "1 if the port runs this agent's XDP program; 0 if somebody took it off, or the interface is gone: nothing is enforced there.";
    PORT_CARRIER Gauge "xiot_port_carrier" ["wire", "side", "port"]
        "1 if the interface is up, and the other end of its cable.";
    FAIL_MODE_HELD Gauge "xiot_fail_mode_held" ["wire", "fail"]
        "1 if the wire would do without the program what the gateway file says, closed or open; 0 if somebody changed its bridge. What policy denies is dropped meanwhile. No series for segments of the router.";
    DEVICE_INFO Gauge "xiot_device_info" ["device", "profile", "mode", "criticality", "location"]
        "Always 1. What the policy says of a listed device.";
    DEVICE_FRAMES Counter "xiot_device_frames_total" ["device", "direction", "verdict"]
        "Frames of a listed device. Direction: from or to the device. Verdict: forwarded (would_drop included) or dropped.";
    DEVICE_BYTES Counter "xiot_device_bytes_total" ["device", "direction"]
        "Bytes of the forwarded frames of a listed device.";
    DEVICE_WOULD_DROP Counter "xiot_device_would_drop_frames_total" ["device"]
        "Frames of a listed device that policy denies and the mode let through.";
    DEVICE_LAST_SEEN Gauge "xiot_device_last_seen_timestamp_seconds" ["device"]
        "When the last frame came from a listed device, in seconds since the Unix epoch; no series before the first.";
    PROCESS_CPU Counter "process_cpu_seconds_total" []
        "CPU time of the agent's process, of user and system.";
    PROCESS_RESIDENT Gauge "process_resident_memory_bytes" []
        "Resident memory of the agent's process, mapped tables of the XDP program included.";
    PROCESS_VIRTUAL Gauge "process_virtual_memory_bytes" []
        "Virtual memory of the agent's process.";
    PROCESS_FDS Gauge "process_open_fds" []
        "File descriptors that the agent's process has open.";
    PROCESS_MAX_FDS Gauge "process_max_fds" []
        "File descriptors that it may have; no series where there is no limit.";
    PROCESS_START Gauge "process_start_time_seconds" []
        "When the agent's process started, in seconds since the Unix epoch.";
}

/// The catalogue as the page `docs/metrics.md`.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    for metric in ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        // Writing to a String cannot fail.
        writeln!(
            page,
            "| `{}` | {kind} | {} | {} |",
            metric.name,
            labels.join(" "),
            metric.help
        )
        .unwrap_or_default();
    }
    page.push_str(TAIL);
    page
}

const HEAD: &str = "\
# Metrics

Served at `http://127.0.0.1:9469/metrics` (`metrics:` in the gateway file; `off` for none), in the Prometheus text format.
This page is made from `xiot-agent/src/metrics/names.rs`; a test holds the two together.

The number of series depends on wires, reasons and profiles, never on devices, addresses or flows. Single devices have series
(`xiot_device_*`, nine each) where the gateway file asks for them, `metrics: {devices: all}` or the name of a group: as many as
the policy lists, whatever is seen on the wire. What all devices do is shown by `xiot-agent devices` too.

Counters of frames, bytes, events, profiles and devices are kept in the kernel. They go on across reloads, crashes and takeovers
of the agent (`xiot_adoption_info{outcome=\"kept\"}`), and start at zero after `detach`, a stop without `--keep-attached`, a reboot,
and where the agent began anew. A device or rule that is taken off the list and one that gets its number begin at zero too, so that sums
of a profile may fall: to Prometheus that is a reset. What the agent counts itself starts at zero with each `run`: `xiot_reloads_total`,
`xiot_errors_total`, `xiot_unlisted_devices_forgotten_total`, `xiot_messages_heard_total`.

| name | type | labels | meaning |
|---|---|---|---|
";

const TAIL: &str = "
## Questions and queries

| question | query |
|---|---|
| What is being dropped? | `sum by (reason) (rate(xiot_frames_total{verdict=\"dropped\"}[5m])) > 0` |
| What would enforcing a profile break? | `sum by (profile) (increase(xiot_profile_would_drop_frames_total[1d])) > 0` |
| Is a wire off its policy? | `rate(xiot_frames_total{reason=\"no_policy\"}[5m]) > 0` |
| Is the flow table filling up? | `xiot_flows / xiot_flow_capacity > 0.8` |
| Is somebody being flooded? | `xiot_half_open_flows / xiot_half_open_capacity > 0.8` |
| Are addresses left unbound for want of room? | `sum(xiot_bindings) / xiot_bindings_capacity > 0.8` |
| Do rules for DNS names lack room? | `xiot_named_devices / xiot_named_devices_capacity > 0.8` |
| Do we miss events? | `rate(xiot_events_lost_total[5m]) > 0` |
| Does some port run in slow mode? | `xiot_xdp_mode_info{mode=\"generic\"}` |
| Is the policy enforced on every port? | `xiot_port_attached == 0` |
| Does what the files say hold? | `xiot_files_refused == 1 or xiot_files_changed == 1` |
| Do all gateways enforce the same policy? | `count(count by (digest) (xiot_policy_info)) > 1` |
";

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, env, fs};

    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");

    /// With `XIOT_UPDATE_DOCS=1` the page is written anew.
    #[test]
    fn the_page_is_up_to_date() {
        if env::var_os("XIOT_UPDATE_DOCS").is_some() {
            fs::write(PAGE, page()).unwrap();
        }
        assert!(
            fs::read_to_string(PAGE).unwrap() == page(),
            "docs/metrics.md is not what the catalogue says: run this test with XIOT_UPDATE_DOCS=1"
        );
    }

    #[test]
    fn names_follow_the_conventions() {
        let mut seen = HashSet::new();
        for metric in ALL {
            assert!(seen.insert(metric.name), "{} twice", metric.name);
            let is_ours = metric.name.starts_with("xiot_");
            assert!(
                is_ours || metric.name.starts_with("process_"),
                "{}",
                metric.name
            );
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{}",
                metric.name
            );
            assert!(metric.help.ends_with(['.', ')']), "{}", metric.name);
        }
    }
}
