//! Rows of names that devices were told.

use redb::{ReadableTable, Table};

use super::{
    decode, encode,
    row::{ToldKey, told_address, told_key},
};
use crate::{learn::told::Told, store::error::StoreError};

/// Adds what a device was told to its rows.
pub(super) fn join_told(
    table: &mut Table<'_, ToldKey, &'static [u8]>,
    number: u64,
    later: &Told,
) -> Result<(), StoreError> {
    let mut all = told(table, number)?;
    for address in all.join(later) {
        table.remove(told_key(number, address))?;
    }
    for address in later.names().keys() {
        if let Some(names) = all.names().get(address) {
            table.insert(told_key(number, *address), &*encode(names))?;
        }
    }
    Ok(())
}

/// What a device was told.
pub(super) fn told(
    table: &impl ReadableTable<ToldKey, &'static [u8]>,
    number: u64,
) -> Result<Told, StoreError> {
    let rows = table.range(told_keys_of(number))?;
    let rows = rows.map(|entry| {
        let (key, row) = entry?;
        Ok((told_address(key.value()), decode(row.value(), "told")?))
    });
    Ok(Told::of(rows.collect::<Result<_, StoreError>>()?))
}

/// The keys of all that a device was told.
pub(super) fn told_keys_of(number: u64) -> std::ops::RangeInclusive<ToldKey> {
    let (mut first, mut last) = ([0; 24], [u8::MAX; 24]);
    first[..8].copy_from_slice(&number.to_be_bytes());
    last[..8].copy_from_slice(&number.to_be_bytes());
    first..=last
}
