//! Series of single devices: a million for a hundred thousand devices, so that they are written piece by piece as the scraper takes
//! them.

use crate::{
    metrics::{
        names::{self, Metric},
        page::Page,
    },
    service::state::{DeviceTotal, words::criticality, words::mode},
};

/// Bytes after which a piece is handed on. The event loop writes one at a time.
const PIECE: usize = 64 * 1024;

/// Writes the series of one device.
type Write = fn(&mut Page, &Metric, &DeviceTotal);

const FAMILIES: [(Metric, Write); 5] = [
    (names::DEVICE_INFO, info),
    (names::DEVICE_FRAMES, frames),
    (names::DEVICE_BYTES, bytes),
    (names::DEVICE_WOULD_DROP, would_drop),
    (names::DEVICE_LAST_SEEN, last_seen),
];

/// The pages of these devices.
#[derive(Debug)]
pub(crate) struct DevicePages {
    devices: Vec<DeviceTotal>,
    family: usize,
    device: usize,
}

impl DevicePages {
    pub(crate) const fn new(devices: Vec<DeviceTotal>) -> Self {
        Self {
            devices,
            family: 0,
            device: 0,
        }
    }
}

impl Iterator for DevicePages {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut page = Page::default();
        while let Some((metric, write)) = FAMILIES.get(self.family) {
            if self.device == 0 {
                page.family(metric);
            }
            let rest = self.devices.get(self.device..).unwrap_or_default();
            for device in rest {
                write(&mut page, metric, device);
                self.device += 1;
                if page.len() >= PIECE {
                    return Some(page.into_text());
                }
            }
            self.family += 1;
            self.device = 0;
        }
        (page.len() > 0).then(|| page.into_text())
    }
}

fn info(page: &mut Page, metric: &Metric, device: &DeviceTotal) {
    let labels = [
        device.name.as_str(),
        &*device.profile,
        mode(device.mode),
        device.criticality.map_or("", criticality),
        device.location.as_deref().unwrap_or_default(),
    ];
    page.series(metric, &labels, 1_u64);
}

fn frames(page: &mut Page, metric: &Metric, device: &DeviceTotal) {
    let traffic = &device.traffic;
    for (direction, verdict, frames) in [
        ("from", "forwarded", traffic.from_frames),
        ("from", "dropped", traffic.from_dropped),
        ("to", "forwarded", traffic.to_frames),
        ("to", "dropped", traffic.to_dropped),
    ] {
        page.series(metric, &[&device.name, direction, verdict], frames);
    }
}

fn bytes(page: &mut Page, metric: &Metric, device: &DeviceTotal) {
    let traffic = &device.traffic;
    for (direction, bytes) in [("from", traffic.from_bytes), ("to", traffic.to_bytes)] {
        page.series(metric, &[&device.name, direction], bytes);
    }
}

fn would_drop(page: &mut Page, metric: &Metric, device: &DeviceTotal) {
    page.series(metric, &[&device.name], device.traffic.would_drop);
}

fn last_seen(page: &mut Page, metric: &Metric, device: &DeviceTotal) {
    if let Some(time) = device.last_seen {
        page.series(metric, &[&device.name], super::seconds(time));
    }
}
