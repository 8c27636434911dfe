//! What a change would do, for people.

use std::fmt::Write as _;

use crate::{
    api::wire::{Changes, CutFlow, DeviceChange, Plan},
    cli::words::{count, short},
};

/// Lines of each list; what is more is counted. `--json` has a thousand.
const MOST: usize = 20;

pub(in crate::cli) fn render(plan: &Plan) -> String {
    let what = match plan.of_revision {
        Some(number) => format!("{} of revision {number}", plan.file),
        None => plan.file.clone(),
    };
    let base = format!(
        "revision {} ({}, {})",
        plan.base.revision,
        plan.before,
        short(&plan.base.digest)
    );
    if plan.unchanged {
        return format!("unchanged: {what} is in force already, {base}\n");
    }
    let mut text = format!("{what} instead of {base}\n");
    rules(&mut text, plan);
    devices(&mut text, plan);
    settings(&mut text, &plan.settings);
    if plan.guards {
        text += "guards: some wire has others, every conversation is judged again\n";
    }
    flows(&mut text, plan);
    text
}

fn came_and_went(changes: Changes) -> String {
    format!("{} added, {} removed", changes.added, changes.removed)
}

fn rules(text: &mut String, plan: &Plan) {
    line(text, &format!("rules: {}", came_and_went(plan.rules)));
    let rules = plan.which_rules.iter().map(|rule| {
        let sign = if rule.change == "added" { '+' } else { '-' };
        format!("  {sign} {}: {}", rule.profile, rule.rule)
    });
    list(text, rules, plan.rules.added + plan.rules.removed);
}

fn devices(text: &mut String, plan: &Plan) {
    let devices = plan.devices;
    line(
        text,
        &format!(
            "devices: {}, {} judged in another way",
            came_and_went(devices),
            devices.changed
        ),
    );
    let all = devices.added + devices.removed + devices.changed;
    list(text, plan.which_devices.iter().map(device), all);
}

fn device(it: &DeviceChange) -> String {
    let sign = match it.change.as_str() {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    let criticality = it.criticality.as_ref();
    let criticality = criticality.map_or_else(String::new, |it| format!(" ({it})"));
    let what = if it.what.is_empty() {
        String::new()
    } else {
        format!(": {}", it.what.join(", "))
    };
    format!("  {sign} {}{criticality}{what}", it.device)
}

/// Nobody asks for what did not change.
fn settings(text: &mut String, changed: &[String]) {
    let number = changed.len() as u64;
    if number > 0 {
        line(text, &format!("settings: {number} changed"));
        let lines = changed.iter().map(|it| format!("  ~ {it}"));
        list(text, lines, number);
    }
}

fn flows(text: &mut String, plan: &Plan) {
    let live = count(plan.live_flows, "live conversation");
    if plan.cut_flows == 0 {
        line(text, &format!("conversations that end: none of {live}"));
    } else {
        let parts: Vec<_> = plan
            .cut_by_criticality
            .iter()
            .map(|it| {
                let name = it.criticality.as_deref().unwrap_or("no criticality given");
                format!("{} {name}", it.flows)
            })
            .collect();
        line(
            text,
            &format!(
                "conversations that end: {} of {live} ({})",
                plan.cut_flows,
                parts.join(", ")
            ),
        );
        list(text, plan.which_flows.iter().map(flow), plan.cut_flows);
    }
    if plan.unknown_flows > 0 {
        line(
            text,
            &format!(
                "  {} could not be judged",
                count(plan.unknown_flows, "conversation")
            ),
        );
    }
}

fn flow(cut: &CutFlow) -> String {
    let flow = &cut.flow;
    let device = flow.device.as_deref().unwrap_or(&flow.mac);
    let arrow = if flow.initiator == "device" {
        "->"
    } else {
        "<-"
    };
    let service = match if flow.initiator == "device" {
        flow.peer_port
    } else {
        flow.device_port
    } {
        0 => String::new(),
        port => format!(" {port}"),
    };
    format!(
        "  {device} {} {arrow} {} {}{service}: {}",
        flow.device_address, flow.peer_address, flow.protocol, cut.reason
    )
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    writeln!(text, "{line}").unwrap_or_default();
}

fn list(text: &mut String, lines: impl Iterator<Item = String>, all: u64) {
    let mut shown = 0;
    for one in lines.take(MOST) {
        line(text, &one);
        shown += 1;
    }
    if all > shown {
        line(text, &format!("  and {} more", all - shown));
    }
}
