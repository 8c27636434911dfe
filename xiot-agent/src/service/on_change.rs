//! Files that are loaded by themselves when they change (`reload: on-change`).

use tokio::{
    task,
    time::{MissedTickBehavior, interval},
};

use super::{
    handle::{Handle, News},
    reload::{Candidate, Change, Occasion},
    watch::{PERIOD, Watch},
};

/// Loads the files whenever one of them has changed: one that changes while a revision is on trial once somebody has confirmed that.
/// Where it is undone instead, what lies there then is not loaded: as after every way back, it takes another change.
pub async fn load(mut watch: Watch, handle: &Handle) {
    let mut looks = interval(PERIOD);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting = false;
    loop {
        looks.tick().await;
        // A file system may take its time.
        let looked = task::spawn_blocking(move || {
            let changed = watch.look();
            (watch, changed)
        });
        let changed;
        (watch, changed) = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::error!(%error, "files that change are not noticed any more");
                return;
            }
        };
        if !changed && !waiting {
            continue;
        }
        let news = handle.news().await.unwrap_or(News::Other(Candidate::Files));
        if news == News::Later && changed {
            tracing::info!("a file changed: it is loaded once the revision on trial is confirmed");
        }
        waiting = news == News::Later;
        // A file that was there when what is in force was put there was not wanted then.
        if let News::Other(what) = news {
            tracing::info!("a file changed");
            let change = Change {
                what,
                ..Change::files(Occasion::FileChange)
            };
            // The service logs how that ends.
            handle.change(change).await.map_or_else(|_| (), |_| ());
        }
    }
}
