//! Where and when it is measured, and how much of the machine others took meanwhile.

use std::{fs, process::Command};

use serde::Serialize;

/// What figures depend on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    /// What it runs on, where it is no hardware.
    pub(crate) virtualised: Option<String>,
}

impl Machine {
    /// This one.
    pub(crate) fn here() -> Self {
        let cpus = read("/proc/cpuinfo");
        let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let memory: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        Self {
            cpu: field(&cpus, "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: cpus
                .lines()
                .filter(|line| line.starts_with("processor"))
                .count(),
            memory_gib: memory.div_ceil(1 << 20),
            virtualised: hypervisor(&cpus),
        }
    }
}

fn hypervisor(cpus: &str) -> Option<String> {
    let flags = field(cpus, "flags")?;
    if !flags.split(' ').any(|flag| flag == "hypervisor") {
        return None;
    }
    let shown = Command::new("lscpu").output().ok();
    let text = shown.and_then(|output| String::from_utf8(output.stdout).ok());
    let vendor = text.and_then(|text| field(&text, "Hypervisor vendor"));
    Some(vendor.unwrap_or_else(|| "unknown".to_owned()))
}

/// Release of the kernel.
pub(crate) fn kernel() -> String {
    read("/proc/sys/kernel/osrelease").trim().to_owned()
}

/// Now, in UTC.
pub(crate) fn date() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}

/// Time of all CPUs so far, in ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    pub(crate) fn now() -> Self {
        let text = read("/proc/stat");
        let line = text.lines().next().unwrap_or_default();
        let numbers: Vec<u64> = line
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .take(8)
            .collect();
        Self {
            all: numbers.iter().sum(),
            stolen: numbers.get(7).copied().unwrap_or_default(),
        }
    }

    /// Share of the time since then that the hypervisor gave to others, in percent.
    pub(crate) fn stolen_since(self) -> f64 {
        let now = Self::now();
        let share = |part: u64, all: u64| {
            #[expect(clippy::cast_precision_loss, reason = "a share for people")]
            let share = 100.0 * part as f64 / all.max(1) as f64;
            share
        };
        share(now.stolen - self.stolen, now.all - self.all)
    }
}

fn field(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
