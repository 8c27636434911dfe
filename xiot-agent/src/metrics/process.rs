//! The agent's own process, from /proc: what every Prometheus client tells under these names.

use procfs::{ProcError, WithCurrentSystemInfo as _, process::Process};

use super::{families::Families, names};

/// Writes the process's series; none of them where /proc does not answer.
pub(super) fn write(page: &mut Families) -> Result<(), ProcError> {
    let process = Process::myself()?;
    let stat = process.stat()?;
    let descriptors = process.fd_count()?;
    let limit = process.limits()?.max_open_files.soft_limit;
    let ticks = float(procfs::ticks_per_second());
    let started = float(procfs::boot_time_secs()?) + float(stat.starttime) / ticks;

    page.level(&names::PROCESS_CPU, float(stat.utime + stat.stime) / ticks);
    page.level(&names::PROCESS_RESIDENT, stat.rss_bytes().get());
    page.level(&names::PROCESS_VIRTUAL, stat.vsize);
    page.level(&names::PROCESS_FDS, descriptors as u64);
    if let procfs::process::LimitValue::Value(limit) = limit {
        page.level(&names::PROCESS_MAX_FDS, limit);
    }
    page.level(&names::PROCESS_START, started);
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has no other numbers; exact up to 2^53"
)]
const fn float(value: u64) -> f64 {
    value as f64
}
