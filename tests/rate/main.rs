//! What a forwarded frame costs on the gateway, beside what it would cost with something else, in one run.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod frames;
mod gateway;
mod line;
mod programs;
mod site;

use crate::{
    gateway::{Filter, Kind},
    line::{Line, Way},
    site::Site,
};

const KINDS: &[Kind] = &[
    Kind::Drop,
    Kind::Redirect,
    Kind::Xiot,
    Kind::Bridge(None),
    Kind::Bridge(Some(Filter::Stateless)),
    Kind::Bridge(Some(Filter::Stateful)),
    Kind::Route(None),
    Kind::Route(Some(Filter::Stateless)),
    Kind::Route(Some(Filter::Stateful)),
];

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn main() {
    let rounds = number("ROUNDS", 9);
    let count = number("FRAMES", 200_000);
    let flows = number("FLOWS", 1000);
    let site = Site {
        devices: number("DEVICES", 10),
        rules: number("RULES", 10),
    };
    xiot_tests::cpu::stay();
    let wanted = std::env::var("KINDS").unwrap_or_default();
    let wanted: Vec<_> = wanted.split(';').filter(|name| !name.is_empty()).collect();
    let kinds = KINDS
        .iter()
        .filter(|kind| wanted.is_empty() || wanted.contains(&kind.name()));
    let mut lines: Vec<Line> = kinds.map(|kind| Line::build(*kind, &site, flows)).collect();
    for line in &mut lines {
        line.open();
    }
    let mut alone = Vec::new();
    let mut costs = vec![Vec::new(); lines.len()];
    for _ in 0..rounds {
        alone.push(lines[0].generate(Way::Nowhere, count));
        for (line, costs) in lines.iter_mut().zip(&mut costs) {
            let before = line.received();
            costs.push(line.generate(Way::ToUplink, count));
            let came = line.received() - before;
            if line.kind() != Kind::Drop && came < u64::from(count) {
                println!("{}: {came} of {count} came", line.kind().name());
            }
        }
    }
    let base = median(&mut alone);
    println!("{:34} {base:7.1}", "generator");
    for (line, costs) in lines.iter().zip(&mut costs) {
        let middle = median(costs);
        println!(
            "{:34} {:7.1} {:7.1} {:7.1}",
            line.kind().name(),
            middle - base,
            costs[0] - base,
            costs[costs.len() - 1] - base
        );
    }
    for line in &lines {
        line.report();
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
