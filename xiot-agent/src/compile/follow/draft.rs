//! An image while it is changed.

use xiot_common::{
    device::{DeviceId, DeviceRecord},
    slot::SlotHeader,
};

use super::Slots;
use crate::compile::{
    devices,
    encode::RECORDS_PER_LINE,
    image::Image,
    peers::AddressSlot,
    slot::{Narrow, Wide},
    table::edit::{Edit, Edited},
};

/// What is to become the next image.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) header: SlotHeader,
    pub(super) lines: Edited,
    /// What is still to be done in its tables.
    pub(super) edits: Edits,
}

/// What changes in the tables.
#[derive(Debug, Default)]
pub(super) struct Edits {
    pub(super) devices: Edit<Narrow>,
    pub(super) narrow: Edit<Narrow>,
    pub(super) wide: Edit<Wide>,
}

impl Edits {
    pub(super) fn add(&mut self, slot: AddressSlot) {
        match slot {
            AddressSlot::V4(slot) => self.narrow.new.push(slot),
            AddressSlot::V6(slot) => self.wide.new.push(slot),
        }
    }

    pub(super) fn remove(&mut self, slot: AddressSlot) {
        match slot {
            AddressSlot::V4(slot) => self.narrow.gone.push(slot),
            AddressSlot::V6(slot) => self.wide.gone.push(slot),
        }
    }
}

impl Draft {
    /// Begins with an image.
    pub(super) fn of(image: &Image) -> Self {
        Self {
            header: image.header,
            lines: Edited::new(image.lines.clone()),
            edits: Edits::default(),
        }
    }

    /// Sets the record of a device.
    pub(super) fn put(&mut self, id: DeviceId, record: &DeviceRecord) {
        let line = self.header.device_records as usize + id as usize / RECORDS_PER_LINE;
        devices::put(&mut self.lines[line], id, record);
    }

    /// Changes the tables, and looks up what was changed. `slots` are how many there are; none if one has to be laid out anew.
    pub(super) fn file(&mut self, slots: Slots) -> Option<Slots> {
        let Self {
            header,
            lines,
            edits,
        } = self;
        Some(Slots {
            devices: edits.devices.make(lines, &header.devices, slots.devices)?,
            narrow: edits.narrow.make(lines, &header.peers_v4, slots.narrow)?,
            wide: edits.wide.make(lines, &header.peers_v6, slots.wide)?,
        })
    }
}
