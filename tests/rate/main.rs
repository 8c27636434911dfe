//! What a forwarded frame costs on the gateway, beside what it would cost with something else, in one run.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod frames;
mod gateway;
mod line;
mod programs;
mod site;

use crate::{
    gateway::Kind,
    line::{Line, Way},
    site::Site,
};

fn main() {
    let flows: u32 = std::env::var("FLOWS").map_or(1000, |text| text.parse().expect("a number"));
    let rounds: usize = std::env::var("ROUNDS").map_or(9, |text| text.parse().expect("a number"));
    let count: u32 =
        std::env::var("FRAMES").map_or(200_000, |text| text.parse().expect("a number"));
    let site = Site {
        devices: 10,
        rules: 10,
    };
    xiot_tests::cpu::stay();
    let headers = frames::of_flows(&site, flows);
    let kinds = [Kind::Drop, Kind::Redirect, Kind::Xiot];
    let mut lines: Vec<Line> = kinds
        .iter()
        .map(|kind| Line::build(*kind, &site, &headers))
        .collect();
    for line in &mut lines {
        line.open(flows);
    }
    let mut alone = Vec::new();
    let mut costs = vec![Vec::new(); kinds.len()];
    for _ in 0..rounds {
        alone.push(lines[0].generate(Way::Nowhere, count));
        for (line, costs) in lines.iter_mut().zip(&mut costs) {
            costs.push(line.generate(Way::ToUplink, count));
        }
    }
    let base = median(&mut alone);
    println!("generator alone {base:.1} ns");
    for (kind, costs) in kinds.iter().zip(&mut costs) {
        let middle = median(costs);
        println!(
            "{kind:?}: net {:.1} ns ({:.1} to {:.1})",
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
