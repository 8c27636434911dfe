//! Rows of the stages of devices.

use redb::{ReadableTable, Table};
use serde::{Deserialize, Serialize};

use super::{
    decode, encode, nonsense,
    row::{DeviceKey, HoursRow, device_key, identity},
};
use crate::{
    learn::{
        device::Identity,
        stage::{Change, Fallen, Mode, Stage},
    },
    store::error::StoreError,
};

#[derive(Deserialize, Serialize)]
struct StageRow {
    mode: u8,
    since: u64,
    generation: u32,
    would_drop: u64,
    disturbed: Option<u64>,
    change: Option<ChangeRow>,
    /// When, and why.
    fallen: Option<(u64, String)>,
}

#[derive(Deserialize, Serialize)]
struct ChangeRow {
    began: u64,
    last: u64,
    before: u64,
    promoted: bool,
    dropped: (u64, u64),
    sent: u64,
    awake: HoursRow,
}

impl StageRow {
    fn of(stage: &Stage) -> Self {
        Self {
            mode: match stage.mode {
                Mode::Learn => 0,
                Mode::Monitor => 1,
                Mode::Enforce => 2,
            },
            since: stage.since,
            generation: stage.generation,
            would_drop: stage.would_drop,
            disturbed: stage.disturbed,
            change: stage.change.as_ref().map(|change| ChangeRow {
                began: change.began,
                last: change.last,
                before: change.before,
                promoted: change.promoted,
                dropped: change.dropped,
                sent: change.sent,
                awake: HoursRow::of(&change.awake),
            }),
            fallen: stage.fallen.as_ref().map(|it| (it.at, it.why.clone())),
        }
    }

    /// None: no agent writes such a row.
    fn stage(self) -> Option<Stage> {
        let change = match self.change {
            None => None,
            Some(row) => Some(Change {
                began: row.began,
                last: row.last,
                before: row.before,
                promoted: row.promoted,
                dropped: row.dropped,
                sent: row.sent,
                awake: row.awake.hours()?,
            }),
        };
        Some(Stage {
            mode: match self.mode {
                0 => Mode::Learn,
                1 => Mode::Monitor,
                2 => Mode::Enforce,
                _ => return None,
            },
            since: self.since,
            generation: self.generation,
            would_drop: self.would_drop,
            disturbed: self.disturbed,
            change,
            fallen: self.fallen.map(|(at, why)| Fallen { at, why }),
        })
    }
}

/// Writes the stage of a device, or forgets it.
pub(super) fn put_stage(
    table: &mut Table<'_, DeviceKey, &'static [u8]>,
    device: &Identity,
    stage: Option<&Stage>,
) -> Result<(), StoreError> {
    let key = device_key(device);
    match stage {
        Some(stage) => drop(table.insert(key, &*encode(&StageRow::of(stage)))?),
        None => drop(table.remove(key)?),
    }
    Ok(())
}

/// All stages.
pub(super) fn stages<T: FromIterator<(Identity, Stage)>>(
    table: &impl ReadableTable<DeviceKey, &'static [u8]>,
) -> Result<T, StoreError> {
    table
        .iter()?
        .map(|entry| {
            let (key, row) = entry?;
            let row: StageRow = decode(row.value(), "stages")?;
            let stage = row.stage().ok_or_else(|| nonsense("stages"))?;
            Ok((identity(key.value()), stage))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        learn::hours::Hours,
        store::{Batch, LearnedStore, Room, database::check, tests::disk::Disk},
    };

    const START: u64 = 1_795_996_800;

    fn identity(last: u8) -> Identity {
        Identity {
            mac: [0, 3, 0xb1, 0, 0, last],
            vlans: (u16::MAX, u16::MAX),
        }
    }

    #[test]
    fn stages_are_kept_until_the_policy_lists_the_device_no_more() {
        let store = check::<LearnedStore>(Disk::default()).unwrap();
        assert_eq!(store.stages().unwrap(), None);
        let plain = Stage {
            mode: Mode::Monitor,
            since: START,
            generation: 7,
            would_drop: 1,
            disturbed: Some(START + 60),
            change: None,
            fallen: None,
        };
        let mut changed = Stage {
            mode: Mode::Enforce,
            change: Some(Change {
                began: START,
                last: START + 1,
                before: 4,
                promoted: true,
                dropped: (1, 2),
                sent: 9,
                awake: Hours::default(),
            }),
            fallen: Some(Fallen {
                at: START,
                why: "tcp 3613".to_owned(),
            }),
            ..plain
        };
        if let Some(change) = &mut changed.change {
            change.awake.mark(500_000);
        }
        let mut batch = Batch {
            revision: Some(5),
            ..Batch::default()
        };
        for (device, stage) in [(1, &plain), (2, &changed)] {
            batch.stages.insert(identity(device), Some(stage.clone()));
        }
        store.take(&batch, Room::default(), |_| true).unwrap();
        let all = HashMap::from([(identity(1), plain), (identity(2), changed.clone())]);
        assert_eq!(store.stages().unwrap(), Some((5, all)));
        let mut batch = Batch::default();
        batch.stages.insert(identity(1), None);
        store.take(&batch, Room::default(), |_| true).unwrap();
        let left = HashMap::from([(identity(2), changed)]);
        assert_eq!(store.stages().unwrap(), Some((5, left)));
        // No device was learned by that.
        store.visit(|_, _| panic!("a device was learned")).unwrap();
    }
}
