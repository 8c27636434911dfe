//! Families of series as the `prometheus` crate holds and encodes them: everything on the page but the series of single devices, of which
//! there may be a million ([`super::page::Page`]).

use prometheus::{
    TextEncoder,
    proto::{Counter, Gauge, LabelPair, Metric as Series, MetricFamily, MetricType},
};

use super::{
    names::{Kind, Metric},
    page::Value,
};

/// Families, one after the other.
#[derive(Debug, Default)]
pub(super) struct Families {
    all: Vec<MetricFamily>,
}

impl Families {
    /// Begins a family. Its series follow, and no others.
    pub(super) fn family(&mut self, metric: &Metric) {
        let mut family = MetricFamily::default();
        family.set_name(metric.name.to_owned());
        family.set_help(metric.help.to_owned());
        family.set_field_type(match metric.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
        });
        self.all.push(family);
    }

    /// One series: a value of each label, in the order of the catalogue.
    pub(super) fn series(&mut self, metric: &Metric, labels: &[&str], value: impl Into<Value>) {
        debug_assert_eq!(labels.len(), metric.labels.len(), "{}", metric.name);
        let labels = metric.labels.iter().zip(labels).map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name((*name).to_owned());
            label.set_value((*value).to_owned());
            label
        });
        let mut series = Series::from_label(labels.collect());
        let value = value.into().float();
        match metric.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value);
                series.set_counter(counter);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                series.set_gauge(gauge);
            }
        }
        if let Some(family) = self.all.last_mut() {
            family.mut_metric().push(series);
        }
    }

    /// A family of one series without labels.
    pub(super) fn level(&mut self, metric: &Metric, value: impl Into<Value>) {
        self.family(metric);
        self.series(metric, &[], value);
    }

    /// The page. A family without series is not on it.
    pub(super) fn encode(mut self) -> prometheus::Result<String> {
        self.all.retain(|family| !family.get_metric().is_empty());
        TextEncoder::new().encode_to_string(&self.all)
    }
}
