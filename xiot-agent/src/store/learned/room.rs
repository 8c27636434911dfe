//! Room: what goes where there is too much.

use redb::{ReadableTable as _, ReadableTableMetadata as _, WriteTransaction};

use super::{
    CONVERSATIONS, DESCRIBED, DEVICES, Room, TOLD, decode, device_row, keys_of,
    names::told_keys_of,
    nonsense,
    row::{DeviceRow, device_key, identity},
};
use crate::{learn::device::Identity, store::error::StoreError};

/// Removes devices that are not listed where there are too many, or too many conversations: first those that were heard of in the fewest hours, longest
/// ago.
pub(super) fn make_room(
    write: &WriteTransaction,
    room: Room,
    is_listed: impl Fn(&Identity) -> bool,
) -> Result<(), StoreError> {
    let count = write.open_table(DEVICES)?.len()?;
    let conversations = write.open_table(CONVERSATIONS)?.len()?;
    let mut surplus = usize::try_from(count)
        .unwrap_or(usize::MAX)
        .saturating_sub(room.devices);
    let mut too_many = conversations.saturating_sub(room.conversations);
    if surplus == 0 && too_many == 0 {
        return Ok(());
    }
    let mut candidates = Vec::new();
    for entry in write.open_table(DEVICES)?.iter()? {
        let (key, row) = entry?;
        let identity = identity(key.value());
        if is_listed(&identity) {
            continue;
        }
        let row: DeviceRow = decode(row.value(), "devices")?;
        let hours = row.hours.hours().ok_or_else(|| nonsense("devices"))?;
        let last = hours.runs().last().map_or(0, |run| run.start + run.length);
        candidates.push((hours.count(), last, identity, row.conversations));
    }
    candidates.sort_unstable();
    for (_, _, identity, conversations) in candidates {
        if surplus == 0 && too_many == 0 {
            break;
        }
        remove(write, &identity)?;
        surplus = surplus.saturating_sub(1);
        too_many = too_many.saturating_sub(conversations.into());
    }
    Ok(())
}

pub(super) fn remove(write: &WriteTransaction, identity: &Identity) -> Result<bool, StoreError> {
    let mut devices = write.open_table(DEVICES)?;
    let Some(row) = device_row(&devices, identity)? else {
        return Ok(false);
    };
    devices.remove(device_key(identity))?;
    let mut table = write.open_table(CONVERSATIONS)?;
    table.retain_in(keys_of(row.number), |_, _| false)?;
    let mut names = write.open_table(TOLD)?;
    names.retain_in(told_keys_of(row.number), |_, _| false)?;
    write.open_table(DESCRIBED)?.remove(device_key(identity))?;
    Ok(true)
}
