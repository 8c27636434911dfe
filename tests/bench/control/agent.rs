//! The agent itself on a busy gateway: what it takes, what a scrape takes, and whether it loses what it should know.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use xiot_agent::model::policy::Mode;
use xiot_tests::{
    net::{
        gateway::Gateway,
        rig::{HOST_PORT, Rig},
    },
    until::{pace, within},
};

use crate::{
    effort::{Effort, Run},
    report::{Report, Subject},
    rig::{
        frames::Family,
        gateway::nft::peak,
        programs::{Attached, attach},
        sender::{Sender, Traffic},
        site::Site,
    },
};

/// Flows that are opened in a minute, and how they come: so many every tenth of a second.
const PER_MINUTE: u32 = 1_000_000;
const TICK: Duration = Duration::from_millis(100);
const PER_TICK: u32 = PER_MINUTE / 600;

const CAPACITY: &str = "capacity: {flows: 1048576, half-open: 1048576}
limits: {new-flows-per-cpu: 1000000}
";

pub(crate) fn run(effort: &Effort, report: &mut Report) {
    eprintln!("  agent");
    observing(effort, report);
    flooded(effort, report);
    crowded(effort, report);
}

/// Two hosts that take everything, and an agent between them.
struct Ward {
    rig: Rig,
    site: Site,
    way: u32,
    _ends: [Attached; 2],
}

impl Ward {
    fn build() -> (Self, Sender) {
        let site = Site::new(10, Family::Ipv4);
        let mut sender = Sender::new(&site, &[1]);
        let rig = Rig::new();
        rig.quiet();
        let hosts = [&rig.device, &rig.uplink];
        let ends = hosts.map(|host| attach(&host.namespace, "receive", HOST_PORT, None));
        let way = sender.add_way(&rig.device.namespace, HOST_PORT);
        let ward = Self {
            rig,
            site,
            way,
            _ends: ends,
        };
        (ward, sender)
    }

    fn agent(&self, mode: Mode) -> Gateway<'_> {
        Gateway::start_configured(&self.rig, binary(), &self.site.yaml(mode), CAPACITY, &[])
    }
}

pub(super) fn binary() -> PathBuf {
    let bench = env::current_exe().expect("it is running");
    bench.with_file_name("xiot-agent-under-test")
}

pub(super) fn subject(site: &Site, scenario: &str) -> Subject {
    Subject {
        suite: "control",
        scenario: scenario.to_owned(),
        configuration: "xiot-agent",
        rules: Some(site.rules),
        devices: Some(site.devices),
        ..Subject::default()
    }
}

/// Devices in mode `learn` open flows, half of them to where nobody was yet.
fn observing(effort: &Effort, report: &mut Report) {
    let (ward, mut sender) = Ward::build();
    let gateway = ward.agent(Mode::Learn);
    let pid = gateway.id();
    let ticks = if effort.run == Run::Smoke { 3 } else { 300 };
    let cpu = Cpu::of(pid);
    let begun = Instant::now();
    let mut scrapes = vec![scrape(&ward.rig).0];
    for tick in 1..=ticks {
        for traffic in [Traffic::Fresh, Traffic::Denied] {
            sender.send(traffic, Some(ward.way), None, PER_TICK / 2);
        }
        if tick % 30 == 0 {
            scrapes.push(scrape(&ward.rig).0);
        }
        pace(begun + TICK * tick);
    }
    let share = cpu.share_since(begun);
    let subject = |what: &str| subject(&ward.site, &format!("a million flows a minute: {what}"));
    report.measured(subject("CPU"), "% of a core", &[share]);
    report.measured(subject("memory"), "MiB", &[memory(pid)]);
    report.measured(subject("scrape"), "s", &scrapes);
}

/// One device is denied, as fast as frames can be made.
fn flooded(effort: &Effort, report: &mut Report) {
    let (ward, mut sender) = Ward::build();
    let _gateway = ward.agent(Mode::Enforce);
    let frames = if effort.run == Run::Smoke {
        1000
    } else {
        1 << 22
    };
    let before = Told::by(&scrape(&ward.rig).1);
    sender.send(Traffic::Denied, Some(ward.way), None, frames);
    // What is on its way is counted soon, or never.
    let mut told = Told::by(&scrape(&ward.rig).1).since(&before);
    within(Duration::from_secs(5), || {
        told = Told::by(&scrape(&ward.rig).1).since(&before);
        (told.all() >= f64::from(frames)).then_some(())
    });
    for (what, count) in [
        ("events sent", told.sent),
        ("events held back, counted", told.suppressed),
        ("events lost, counted", told.lost),
        ("events not accounted for", f64::from(frames) - told.all()),
    ] {
        let scenario = format!("flood of {frames} denied frames: {what}");
        report.measured(subject(&ward.site, &scenario), "events", &[count]);
    }
}

/// Many devices, with series of their own and without.
fn crowded(effort: &Effort, report: &mut Report) {
    let is_smoke = effort.run == Run::Smoke;
    let site = Site {
        devices: if is_smoke { 1_000 } else { 100_000 },
        ..Site::new(1_000, Family::Ipv4)
    };
    for devices in ["off", "all"] {
        let rig = Rig::new();
        rig.quiet();
        let config = format!(
            "capacity: {{devices: {}, policy: 64MiB}}\nmetrics: {{listen: 127.0.0.1:9469, devices: {devices}}}\n",
            site.devices
        );
        let gateway =
            Gateway::start_configured(&rig, binary(), &site.yaml(Mode::Enforce), &config, &[]);
        let pid = gateway.id();
        let before = resident(pid, "VmRSS:");
        let own = resident(pid, "RssAnon:");
        let scrapes = if is_smoke { 2 } else { 21 };
        let scrapes: Vec<_> = (0..scrapes).map(|_| scrape(&rig)).collect();
        let times: Vec<_> = scrapes.iter().map(|(time, _)| *time).collect();
        let size = scrapes.last().map_or(0, |(_, page)| page.len());
        let size = f64::from(u32::try_from(size).expect("fits")) / 1024.0 / 1024.0;
        let scenario = |what: &str| format!("series of each device {devices}: {what}");
        let subject = |what: &str| subject(&site, &scenario(what));
        report.measured(subject("scrape"), "s", &times);
        report.measured(subject("page"), "MiB", &[size]);
        report.measured(subject("resident before scrapes"), "MiB", &[before]);
        let after = resident(pid, "VmRSS:");
        report.measured(subject("of that not the program's tables"), "MiB", &[own]);
        report.measured(subject("resident after"), "MiB", &[after]);
        report.measured(
            subject("peak, with reading the policy"),
            "MiB",
            &[memory(pid)],
        );
    }
}

/// The metrics page, and how long it took.
fn scrape(rig: &Rig) -> (f64, String) {
    let work = || {
        let begun = Instant::now();
        let mut stream = TcpStream::connect("127.0.0.1:9469").expect("metrics are served");
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .expect("it is read");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("a page of text");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        (begun.elapsed().as_secs_f64(), page)
    };
    rig.gateway.run(work).expect("the namespace is there")
}

/// What the page says of events.
struct Told {
    sent: f64,
    suppressed: f64,
    lost: f64,
}

impl Told {
    fn since(&self, before: &Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            suppressed: self.suppressed - before.suppressed,
            lost: self.lost - before.lost,
        }
    }

    fn all(&self) -> f64 {
        self.sent + self.suppressed + self.lost
    }

    fn by(page: &str) -> Self {
        let value = |name: &str| {
            let mut lines = page.lines();
            let found = lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
            found.expect("a metric of that name")
        };
        Self {
            sent: value("xiot_events_sent_total"),
            suppressed: value("xiot_events_suppressed_total"),
            lost: value("xiot_events_lost_total"),
        }
    }
}

/// Time that a process has used so far.
struct Cpu {
    pid: u32,
    before: f64,
}

impl Cpu {
    fn of(pid: u32) -> Self {
        Self {
            pid,
            before: used(pid),
        }
    }

    /// In percent of one core.
    fn share_since(&self, begun: Instant) -> f64 {
        100.0 * (used(self.pid) - self.before) / begun.elapsed().as_secs_f64()
    }
}

/// Seconds of CPU.
fn used(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // The name in parentheses may hold anything.
    let (_, rest) = text.rsplit_once(')').expect("a name");
    let numbers: Vec<&str> = rest.split_whitespace().collect();
    // User and system time in hundredths: fields 14 and 15 of proc(5), the first here being 3.
    let ticks: f64 = numbers[11..13]
        .iter()
        .map(|number| number.parse::<f64>().expect("a number"))
        .sum();
    ticks / 100.0
}

/// Use of memory now, in MiB, by a line of proc(5).
pub(super) fn resident(pid: u32, kind: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix(kind));
    let number = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = number.expect("it is there").parse().expect("a number");
    kib / 1024.0
}

/// Highest use of memory in MiB.
fn memory(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    f64::from(u32::try_from(peak(&status).expect("it is there")).expect("fits")) / 1024.0
}
