//! The generated part of docs/performance.md, and its plots.

mod plot;

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use self::plot::{Plot, Series};
use crate::{
    report::{Figure, RATIOS, Report, SECONDS, Target},
    table::short,
};

const BEGIN: &str = "<!-- written by `cargo xtask bench`: begin -->\n";
const END: &str = "<!-- written by `cargo xtask bench`: end -->\n";

/// Writes both.
pub(crate) fn write(report: &Report) -> io::Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs");
    let plots = docs.join("performance");
    fs::create_dir_all(&plots)?;
    let page: PathBuf = docs.join("performance.md");
    let before = fs::read_to_string(&page)?;
    let (head, rest) = before
        .split_once(BEGIN)
        .ok_or_else(|| io::Error::other("docs/performance.md has no place for figures"))?;
    let (_, tail) = rest.split_once(END).ok_or_else(|| {
        io::Error::other("the place for figures in docs/performance.md has no end")
    })?;
    let mut text = format!("{head}{BEGIN}\n{}", text(report));
    for plot in all_plots(report) {
        if plot.is_empty() {
            continue;
        }
        plot.draw(&plots)
            .map_err(|error| io::Error::other(error.to_string()))?;
        write!(text, "![{}](performance/{})\n\n", plot.title, plot.file)
            .expect("a string takes all");
    }
    fs::write(page, format!("{text}{END}{tail}"))
}

fn text(report: &Report) -> String {
    let machine = &report.machine;
    let on = machine
        .virtualised
        .as_ref()
        .map_or_else(String::new, |on| format!(", a virtual machine ({on})"));
    let mut text = format!(
        "{}, {} cores{on}, {} GiB; Linux {}; {}; a {} run, medians of {} rounds, {:.0} s in all; {:.1} % of the time stolen.\n\n",
        machine.cpu,
        machine.cores,
        machine.memory_gib,
        report.kernel,
        report.date,
        report.run,
        report.rounds,
        report.took_seconds,
        report.stolen_percent
    );
    for note in &report.notes {
        write!(text, "{note}\n\n").expect("a string takes all");
    }
    text += &targets(report);
    for pivot in PIVOTS {
        text += &pivot.text(&report.figures);
    }
    text
}

fn targets(report: &Report) -> String {
    let mut text = "### Ratios and times\n\n| figure | of | measured | quartiles | target | |\n|---|---|---|---|---|---|\n".to_owned();
    let ratios = RATIOS.iter().filter_map(|(name, target, what)| {
        let spread = report.ratio_spread.get(name)?;
        let quartiles = format!("{:.2} - {:.2}", spread.lower, spread.upper);
        Some((
            name,
            what,
            format!("{:.2}", spread.median),
            quartiles,
            *target,
            spread.median,
        ))
    });
    let seconds = SECONDS.iter().filter_map(|(name, target, what)| {
        let value = *report.seconds.get(name)?;
        Some((
            name,
            what,
            format!("{} s", short(value)),
            String::new(),
            *target,
            value,
        ))
    });
    for (name, what, shown, quartiles, target, value) in ratios.chain(seconds) {
        let limit = match target {
            Target::AtMost(limit) => format!("at most {limit}"),
            Target::AtLeast(limit) => format!("at least {limit}"),
        };
        let met = if target.is_met(value) {
            "met"
        } else {
            "**missed**"
        };
        writeln!(
            text,
            "| `{name}` | {what} | {shown} | {quartiles} | {limit} | {met} |"
        )
        .expect("a string takes all");
    }
    text + "\n"
}

/// A table of configurations and something else.
struct Pivot {
    title: &'static str,
    takes: fn(&Figure) -> bool,
    row: fn(&Figure) -> String,
    column: fn(&Figure) -> String,
}

const MANY: u32 = 1 << 16;

fn is_hit(figure: &Figure) -> bool {
    figure.subject.suite == "rate" && figure.subject.scenario == "established"
}

fn configuration(figure: &Figure) -> String {
    figure.subject.configuration.to_owned()
}

fn number(number: Option<u32>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

const PIVOTS: &[Pivot] = &[
    Pivot {
        title: "Established frame by rules: 65,536 flows, IPv4, net ns per frame",
        takes: |it| is_hit(it) && it.subject.flows == Some(MANY) && it.subject.family == "IPv4",
        row: configuration,
        column: |it| format!("{} rules", number(it.subject.rules)),
    },
    Pivot {
        title: "Established frame by flows: 10 rules, IPv4, net ns per frame",
        takes: |it| is_hit(it) && it.subject.rules == Some(10) && it.subject.family == "IPv4",
        row: configuration,
        column: |it| format!("{} flows", number(it.subject.flows)),
    },
    Pivot {
        title: "Established frame in other families: net ns per frame",
        takes: |it| is_hit(it) && it.subject.family != "IPv4",
        row: configuration,
        column: |it| format!("{}, {} flows", it.subject.family, number(it.subject.flows)),
    },
    Pivot {
        title: "Other frames: net ns per frame",
        takes: |it| it.subject.suite == "rate" && !is_hit(it),
        row: configuration,
        column: |it| match it.subject.rules {
            Some(rules) => format!("{}, {rules} rules", it.subject.scenario),
            None => it.subject.scenario.clone(),
        },
    },
    Pivot {
        title: "The program alone: ns per frame",
        takes: |it| it.subject.suite == "cost",
        row: |it| match it.subject.flows {
            Some(flows) => format!("{}, {flows} flows", it.subject.scenario),
            None => it.subject.scenario.clone(),
        },
        column: |it| it.subject.family.to_owned(),
    },
    Pivot {
        title: "Control plane by rules",
        takes: |it| it.subject.suite == "control" && it.subject.configuration != "xiot-agent",
        row: |it| {
            format!(
                "{}: {}, {}",
                it.subject.configuration, it.subject.scenario, it.unit
            )
        },
        column: |it| format!("{} rules", number(it.subject.rules)),
    },
    Pivot {
        title: "The agent on a busy gateway",
        takes: |it| it.subject.suite == "control" && it.subject.configuration == "xiot-agent",
        row: |it| format!("{}, {}", it.subject.scenario, it.unit),
        column: |_| "measured".to_owned(),
    },
    Pivot {
        title: "Request and answer over UDP: microseconds",
        takes: |it| it.subject.suite == "latency",
        row: configuration,
        column: |it| it.subject.scenario.replace("UDP request and answer, ", ""),
    },
];

impl Pivot {
    fn text(&self, figures: &[Figure]) -> String {
        let taken: Vec<&Figure> = figures.iter().filter(|it| (self.takes)(it)).collect();
        if taken.is_empty() {
            return String::new();
        }
        let names = |of: fn(&Figure) -> String| {
            let mut names: Vec<String> = Vec::new();
            for figure in &taken {
                let name = of(figure);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        };
        let columns = names(self.column);
        let mut text = format!("### {}\n\n| |", self.title);
        for column in &columns {
            write!(text, " {column} |").expect("a string takes all");
        }
        write!(text, "\n|---|{}\n", "---|".repeat(columns.len())).expect("a string takes all");
        for row in names(self.row) {
            write!(text, "| {row} |").expect("a string takes all");
            for column in &columns {
                let mut here = taken
                    .iter()
                    .filter(|it| (self.row)(it) == row && (self.column)(it) == *column);
                let cell = here.next().map_or_else(String::new, |it| cell(it));
                write!(text, " {cell} |").expect("a string takes all");
            }
            text.push('\n');
        }
        text + "\n"
    }
}

fn cell(figure: &Figure) -> String {
    let lost = if figure.lost == 0 {
        String::new()
    } else {
        format!(" ({} lost)", figure.lost)
    };
    format!("{}{lost}", short(figure.spread.median))
}

fn all_plots(report: &Report) -> [Plot; 3] {
    let series = |takes: &dyn Fn(&Figure) -> bool, x: fn(&Figure) -> Option<u32>| {
        let mut all: Vec<Series> = Vec::new();
        for figure in report.figures.iter().filter(|it| takes(it)) {
            let Some(x) = x(figure) else { continue };
            let point = (f64::from(x), figure.spread.median);
            let name = figure.subject.configuration;
            match all.iter_mut().find(|(known, _)| *known == name) {
                Some((_, points)) => points.push(point),
                None => all.push((name, vec![point])),
            }
        }
        all
    };
    let is_v4_hit =
        |it: &Figure| is_hit(it) && it.subject.family == "IPv4" && it.spread.median > 0.0;
    [
        Plot {
            file: "rules.svg",
            title: "Established frame, 65,536 flows: net cost by rules",
            x: "rules",
            y: "ns per frame",
            series: series(
                &|it| {
                    is_v4_hit(it)
                        && it.subject.flows == Some(MANY)
                        && it.subject.configuration != "generator alone"
                },
                |it| it.subject.rules,
            ),
        },
        Plot {
            file: "flows.svg",
            title: "Established frame, 10 rules: net cost by active flows",
            x: "flows",
            y: "ns per frame",
            series: series(
                &|it| {
                    is_v4_hit(it)
                        && it.subject.rules == Some(10)
                        && it.subject.configuration != "generator alone"
                },
                |it| it.subject.flows,
            ),
        },
        Plot {
            file: "load.svg",
            title: "A policy in force: compile, load and swap, beside nft -f",
            x: "rules",
            y: "seconds",
            series: series(
                &|it| it.subject.scenario == "compile, load and swap",
                |it| it.subject.rules,
            ),
        },
    ]
}
