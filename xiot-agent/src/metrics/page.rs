//! The Prometheus text format (version 0.0.4), written straight into a buffer: series of single devices.
//!
//! The `prometheus` crate holds a value and its labels for each series. Of devices there may be a million, each of which is known for
//! the instant of one scrape: here none is held. Everything else goes by the crate ([`super::families`]).

use std::fmt::{self, Write as _};

use super::names::{Kind, Metric};

/// The media type of what [`Page`] holds.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A value as the format has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// Of a counter, and of most levels: exact.
    Whole(u64),
    /// Of times.
    Real(f64),
}

impl Value {
    /// What the format makes of it: it has no other numbers.
    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus has no other numbers; exact up to 2^53"
    )]
    pub(super) const fn float(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Whole(value.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Whole(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
        }
    }
}

/// Families of series, one after the other.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Begins a family. Its series follow, and no others.
    pub(super) fn family(&mut self, metric: &Metric) {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.text.push_str("# HELP ");
        self.text.push_str(metric.name);
        self.text.push(' ');
        escape(&mut self.text, metric.help, false);
        self.text.push_str("\n# TYPE ");
        self.text.push_str(metric.name);
        self.text.push(' ');
        self.text.push_str(kind);
        self.text.push('\n');
    }

    /// One series: a value of each label, in the order of the catalogue.
    pub(super) fn series(&mut self, metric: &Metric, labels: &[&str], value: impl Into<Value>) {
        debug_assert_eq!(labels.len(), metric.labels.len(), "{}", metric.name);
        self.text.push_str(metric.name);
        let mut opening = '{';
        for (name, value) in metric.labels.iter().zip(labels) {
            self.text.push(opening);
            opening = ',';
            self.text.push_str(name);
            self.text.push_str("=\"");
            escape(&mut self.text, value, true);
            self.text.push('"');
        }
        if opening == ',' {
            self.text.push('}');
        }
        // Writing to a String cannot fail.
        writeln!(self.text, " {}", value.into()).unwrap_or_default();
    }

    /// Bytes written so far.
    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// What is written.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

fn escape(text: &mut String, part: &str, is_quoted: bool) {
    let is_special = |c: char| matches!(c, '\\' | '\n') || is_quoted && c == '"';
    let mut rest = part;
    while let Some((plain, special)) = rest
        .find(is_special)
        .and_then(|at| rest.split_at_checked(at))
    {
        text.push_str(plain);
        let mut special = special.chars();
        match special.next() {
            Some('\n') => text.push_str("\\n"),
            Some(c) => text.extend(['\\', c]),
            None => {}
        }
        rest = special.as_str();
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRIC: Metric = Metric {
        name: "xiot_x",
        kind: Kind::Gauge,
        labels: &["a", "b"],
        help: "One \\ and\ntwo \"quoted\".",
    };

    #[test]
    fn what_would_end_a_label_is_escaped() {
        let mut page = Page::default();
        page.family(&METRIC);
        page.series(&METRIC, &["plain", "\"quoted\\\"\nä"], 1_u64);
        page.series(&METRIC, &["", ""], 0.5);
        let expected = "# HELP xiot_x One \\\\ and\\ntwo \"quoted\".\n# TYPE xiot_x gauge\n\
            xiot_x{a=\"plain\",b=\"\\\"quoted\\\\\\\"\\nä\"} 1\nxiot_x{a=\"\",b=\"\"} 0.5\n";
        assert_eq!(page.into_text(), expected);
    }

    #[test]
    fn counters_are_exact_and_large_numbers_have_no_exponent() {
        let metric = Metric {
            labels: &[],
            ..METRIC
        };
        let mut page = Page::default();
        page.series(&metric, &[], u64::MAX);
        page.series(&metric, &[], 1_777_636_800.25);
        page.series(&metric, &[], true);
        let expected = "xiot_x 18446744073709551615\nxiot_x 1777636800.25\nxiot_x 1\n";
        assert_eq!(page.into_text(), expected);
    }
}
