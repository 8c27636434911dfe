//! What the service does while nobody asks: takes events from the ring, sweeps the flow table, looks at the clock.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::{
    sync::broadcast,
    task,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::{
    clock::Now,
    faults::Fault,
    live::Live,
    neighbours::{self, Neighbours},
    reload,
    seldom::Seldom,
    state::Drop,
    watch::Contents,
};
use crate::{
    collect::{CopyStream, EventStream},
    datapath::Datapath,
};

/// Time between sweeps: what is over takes room in the table for so much longer at most.
const SWEEP: Duration = Duration::from_secs(10);

/// Time between looks at how far TAI is ahead of UTC: for so long at most rules with times go by another clock.
const LOOK: Duration = Duration::from_secs(5);

/// Time between looks at the MACs of the router's ports, at what is under wires, and at the files.
const FOLLOW: Duration = Duration::from_secs(2);

/// Time between tries to write a revision down that could not be.
const CATCH_UP: Duration = Duration::from_secs(30);

/// Time between two looks at drops of devices that a change is on probation for.
const DROPS: Duration = Duration::from_secs(1);

/// Time until the end of a trial is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Tends the data path until the future is dropped.
pub(super) async fn tend(
    live: Arc<Live>,
    (events, copies): (EventStream, CopyStream),
    drops: broadcast::Sender<Arc<Drop>>,
) {
    tokio::join!(
        follow(&live, events, &drops),
        sweep(&live),
        keep_time(&live),
        end_trials(&live),
        catch_up(&live),
        learn(&live),
        hear(&live, copies),
        fall_back(&live),
        watch_files(&live),
        watch_fail_modes(&live),
        follow_macs(&live)
    );
}

/// Leap seconds are announced long before; time servers tell of them at any time.
async fn keep_time(live: &Live) -> ! {
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Some(seconds) = live.follow_clock() {
            tracing::info!(seconds, "TAI is so far ahead of UTC now");
        }
    }
}

/// Learns from what is observed, and writes that down now and then. Two looks are so close that no hour goes by between them.
async fn learn(live: &Arc<Live>) -> ! {
    let (look, write) = live.learning_times();
    let mut looks = interval(look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut written = Instant::now();
    loop {
        looks.tick().await;
        let is_due = written.elapsed() >= write;
        if is_due {
            written = Instant::now();
        }
        let live = Arc::clone(live);
        let learned = task::spawn_blocking(move || {
            let learned = live.learn();
            if is_due {
                live.write_learned();
                if let Err(error) = live.look_for_what_is_missing() {
                    tracing::debug!("what devices miss can't be told: {error:#}");
                }
            }
            learned
        });
        let learned = learned.await.map_err(anyhow::Error::from);
        if let Err(error) = learned.and_then(|learned| Ok(learned?)) {
            tracing::debug!("what was observed can't be read: {error:#}");
        }
    }
}

/// Devices whose needs are dropped after a change go back to mode monitor at once. Whoever makes many drops makes no more than a look a second.
async fn fall_back(live: &Arc<Live>) -> ! {
    loop {
        live.dropped().await;
        let looking = Arc::clone(live);
        let looked = task::spawn_blocking(move || looking.look_at_drops()).await;
        let looked = looked.map_err(anyhow::Error::from).and_then(|it| Ok(it?));
        if let Err(error) = looked {
            tracing::error!("whether a change drops what devices need can't be told: {error:#}");
        }
        sleep(DROPS).await;
    }
}

/// Learns from messages that say what devices are. Messages that are missing are missed: devices say such things again.
async fn hear(live: &Arc<Live>, mut copies: CopyStream) {
    loop {
        let batch = match copies.next().await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, "copies can't be read: names of peers are no longer learned");
                return;
            }
        };
        let live = Arc::clone(live);
        // What is learned may be on its way to the disk, and the event loop waits for nothing.
        if let Err(error) = task::spawn_blocking(move || live.hear(&batch.messages)).await {
            tracing::debug!(%error, "messages were not understood");
        }
    }
}

/// Goes back where nobody confirms a revision in time. What fails is tried again.
async fn end_trials(live: &Arc<Live>) {
    let mut trials = live.trials();
    loop {
        let until = *trials.borrow_and_update();
        let over = async {
            match until {
                Some(until) => sleep(until.saturating_sub(Now::read().monotonic)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            changed = trials.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = over => {
                let live = Arc::clone(live);
                let ended = task::spawn_blocking(move || reload::end_trial(&live)).await;
                let ended = ended.map_err(anyhow::Error::from).and_then(|ended| Ok(ended?));
                if let Err(error) = ended {
                    tracing::error!("The revision on trial could not be undone: {error:#}.");
                    sleep(AGAIN).await;
                }
            }
        }
    }
}

/// What could not be written down is written once it can be.
async fn catch_up(live: &Arc<Live>) -> ! {
    let mut tick = interval(CATCH_UP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let live = Arc::clone(live);
        if let Err(error) = task::spawn_blocking(move || live.catch_up()).await {
            tracing::error!(%error, "The revision in force could not be written down.");
        }
    }
}

/// Whether the files are those that were loaded: for whoever asks, nothing is done about it.
async fn watch_files(live: &Arc<Live>) {
    let mut contents = Contents::of(live.files().paths);
    let mut tick = interval(FOLLOW);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let live = Arc::clone(live);
        // A file system may take its time.
        let looked = task::spawn_blocking(move || {
            live.found(contents.look());
            contents
        });
        contents = match looked.await {
            Ok(contents) => contents,
            Err(error) => {
                tracing::error!(%error, "files that change are not noticed any more");
                return;
            }
        };
    }
}

/// Somebody may take ports out of a bridge, or put them into one.
async fn watch_fail_modes(live: &Arc<Live>) -> ! {
    let mut tick = interval(FOLLOW);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tick.tick().await;
        let looked = {
            let live = Arc::clone(live);
            task::spawn_blocking(move || live.look_at_fail_modes()).await
        };
        let looked = looked.map_err(anyhow::Error::from).and_then(|it| Ok(it?));
        match looked {
            Ok(news) => {
                failing = false;
                for (wire, what) in news {
                    let name = live.wires.get(wire).map_or("", |wire| &wire.name);
                    if let Some(what) = what {
                        tracing::error!("Wire {name}: {what}.");
                    } else {
                        tracing::info!("Wire {name} holds its fail mode again.");
                    }
                }
            }
            Err(error) if !failing => {
                tracing::error!("The fail mode of wires can't be looked at: {error:#}.");
                failing = true;
            }
            Err(_) => {}
        }
    }
}

/// A port of the router may get another MAC; until that is known here, nothing of its segment is for the router.
async fn follow_macs(live: &Arc<Live>) {
    let is_router = live.with_datapath(|datapath| datapath.is_router());
    if is_router != Some(true) {
        return;
    }
    let failures = Seldom::new("failures to read the MACs of the router's ports", 1);
    let mut tick = interval(FOLLOW);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        // A reload may hold the data path for seconds, and the event loop waits for nothing.
        let following = Arc::clone(live);
        let followed =
            task::spawn_blocking(move || following.with_datapath(Datapath::follow_macs)).await;
        let followed = followed.unwrap_or_else(|error| {
            live.fault(Fault::Router);
            tracing::error!(%error, "the MACs of the router's ports are not followed any more");
            None
        });
        match followed {
            Some(Ok(changed)) => {
                for interface in changed {
                    tracing::info!(interface, "a port of the router has another MAC now");
                }
            }
            Some(Err(error)) => {
                live.fault(Fault::Router);
                let error = anyhow::Error::new(error);
                failures.write(|| {
                    tracing::warn!("the MACs of the router's ports can't be read: {error:#}");
                });
            }
            None => return,
        }
    }
}

async fn follow(live: &Live, mut events: EventStream, drops: &broadcast::Sender<Arc<Drop>>) {
    let mut sequence = 0;
    let mut neighbours = Neighbours::default();
    let unknown = Seldom::new("batches with events of an unknown layout", 1);
    let unasked = Seldom::new("times that neighbours can't be asked for", 1);
    loop {
        let batch = match events.next().await {
            Ok(batch) => batch,
            Err(error) => {
                live.fault(Fault::Events);
                // Counters go on and tell the truth; only the examples are missing.
                tracing::error!(%error, "the event ring can't be read: drops are counted but no longer shown");
                return;
            }
        };
        if batch.malformed > 0 {
            live.fault(Fault::Events);
            unknown.write(|| {
                tracing::warn!(
                    events = batch.malformed,
                    "events of an unknown layout were skipped"
                );
            });
        }
        let now = Now::read();
        let mut wanted = Vec::new();
        for event in &batch.events {
            sequence += 1;
            wanted.extend(neighbours.wanted(&live.wires, now, event));
            if let Some(drop) = live.remember(now, sequence, event) {
                // Nobody may be listening.
                drops.send(Arc::new(drop)).map_or_else(|_| (), |_| ());
            }
        }
        if !wanted.is_empty()
            && let Err(error) = task::spawn_blocking(move || neighbours::ask(&wanted))
                .await
                .map_err(anyhow::Error::new)
                .flatten()
        {
            live.fault(Fault::Router);
            unasked.write(|| tracing::warn!("neighbours can't be asked for: {error:#}"));
        }
        // A full ring must not starve the clients of this thread.
        task::yield_now().await;
    }
}

async fn sweep(live: &Arc<Live>) -> ! {
    let mut tick = interval(SWEEP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tick.tick().await;
        let swept = Arc::clone(live);
        let outcome = match task::spawn_blocking(move || swept.sweep()).await {
            Ok(outcome) => outcome.map_err(anyhow::Error::new),
            Err(error) => Err(error.into()),
        };
        // Once per row of failures: the log is for what changes.
        match outcome {
            Err(error) => {
                live.fault(Fault::Sweep);
                if !failing {
                    tracing::error!("what is over can't be removed from the tables: {error:#}");
                }
                failing = true;
            }
            Ok(()) => failing = false,
        }
    }
}
