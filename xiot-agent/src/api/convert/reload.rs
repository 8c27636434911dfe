//! What a reload did.

use std::time::Duration;

use crate::{
    api::wire,
    service::state::{Mark, Reloaded, words::hex},
};

pub(crate) fn reload(reloaded: &Reloaded) -> wire::Reload {
    let Reloaded { devices, rules, .. } = reloaded;
    wire::Reload {
        applied: !reloaded.is_unchanged(),
        file: reloaded.file.clone(),
        before: mark(&reloaded.before),
        after: mark(&reloaded.after),
        devices: wire::Changes {
            added: devices.added,
            removed: devices.removed,
            changed: devices.changed,
        },
        rules: wire::Changes {
            added: rules.added,
            removed: rules.removed,
            changed: 0,
        },
        on_trial_until: reloaded.trial,
        warnings: reloaded.warnings.clone(),
        compile_ms: ms(reloaded.compiled),
        write_ms: ms(reloaded.written),
        flip_ms: ms(reloaded.settled),
    }
}

pub(super) fn mark(mark: &Mark) -> wire::Mark {
    wire::Mark {
        digest: hex(&mark.digest),
        revision: mark.revision,
        epoch: mark.epoch,
    }
}

/// To the microsecond.
fn ms(duration: Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1e3
}
