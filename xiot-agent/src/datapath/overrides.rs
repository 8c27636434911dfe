//! Overrides: decisions about single devices that take effect at once, beside the policy, and outlive it.

use std::os::fd::OwnedFd;

use aya::maps::{Map, MapData};
use xiot_common::{
    map,
    overrides::{Override, OverrideKey},
};

use super::{error::MapAccessError, instance::Datapath, table::Table};

impl Datapath {
    /// Decides about a device, instead of what was decided before. Once this returns, no frame is judged by what was; its
    /// conversations are judged again with their next frame.
    ///
    /// # Errors
    /// There is no room ([`xiot_common::capacity::OVERRIDES`]); nothing is changed then.
    pub fn set_override(
        &mut self,
        device: OverrideKey,
        decided: Override,
    ) -> Result<(), MapAccessError> {
        let mut table = self.override_table()?;
        table.insert(&device, &decided)?;
        self.have_asked(&table)
    }

    /// Leaves the device to the policy again. Whether anything was decided about it.
    pub fn clear_override(&mut self, device: &OverrideKey) -> Result<bool, MapAccessError> {
        let mut table = self.override_table()?;
        let was_there = table.remove(device)?;
        self.have_asked(&table)?;
        Ok(was_there)
    }

    /// All that is decided, over or not. Order means nothing.
    pub fn overrides(&self) -> Result<Vec<(OverrideKey, Override)>, MapAccessError> {
        self.override_table()?.entries()
    }

    /// Takes over what an earlier agent had decided, from the map that it left.
    ///
    /// # Errors
    /// The map is of another layout, or can't be read.
    pub(super) fn adopt_overrides(&mut self, old: OwnedFd) -> Result<(), MapAccessError> {
        let access = |source| MapAccessError {
            map: map::OVERRIDES,
            source,
        };
        let old = MapData::from_fd(old)
            .and_then(Map::from_map_data)
            .map_err(access)?;
        let old = Table::new(map::OVERRIDES, old)?;
        for (device, decided) in old.entries()? {
            self.set_override(device, decided)?;
        }
        Ok(())
    }

    /// A handle to the decisions that lives on its own.
    pub fn override_table(&self) -> Result<Table<OverrideKey, Override>, MapAccessError> {
        self.table(map::OVERRIDES)
    }

    /// Has frames ask the table if there is something in it, and judges again what was judged before.
    fn have_asked(&mut self, table: &Table<OverrideKey, Override>) -> Result<(), MapAccessError> {
        let number = table.entries()?.len();
        self.active
            .set_overrides(u32::try_from(number).unwrap_or(u32::MAX));
        self.touch();
        Ok(())
    }
}
