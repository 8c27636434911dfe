//! One scrape of the agent, as Prometheus would do it.

use std::{
    io::{self, Read as _, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::demo::{files, hospital::Hospital, report::Report};

const PATIENCE: Duration = Duration::from_secs(5);

/// Prints where the metrics are, and what they say about dropped frames.
pub(in crate::demo) fn show(hospital: &Hospital, report: &mut Report<impl Write>) -> Result<()> {
    let text = hospital
        .gateway
        .run(scrape)?
        .context("could not scrape the agent")?;
    let lines = text
        .lines()
        .filter(|line| line.starts_with("xiot_frames_total") && line.contains("\"dropped\""))
        .filter(|line| !line.ends_with(" 0"));
    let shown = lines.collect::<Vec<_>>().join("\n");
    let all = text
        .lines()
        .filter(|line| line.starts_with("xiot_"))
        .count();
    report.title(&format!(
        "Metrics: http://{}/metrics on the gateway",
        files::METRICS
    ))?;
    report.quote(
        &format!(
            "curl -s http://{}/metrics    ({all} series; dropped frames:)",
            files::METRICS
        ),
        &shown,
    )?;
    Ok(())
}

fn scrape() -> io::Result<String> {
    let mut stream = TcpStream::connect(files::METRICS)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        files::METRICS
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
