//! Room for the opponents' conntrack: as much as the flow table of the gateway has.

use std::{
    fs,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

const BUCKETS: &str = "/sys/module/nf_conntrack/parameters/hashsize";
const CONNECTIONS: &str = "/proc/sys/net/netfilter/nf_conntrack_max";

/// What kernels take by themselves on machines of this size. More than are needed would only miss the cache more often.
const USUAL_BUCKETS: u32 = 1 << 18;

/// What is to be set back.
static BEFORE: Mutex<Vec<(&str, String)>> = Mutex::new(Vec::new());

/// The table is large as long as this is there. It is one for all namespaces.
#[derive(Debug)]
pub(crate) struct Room;

impl Room {
    /// A bucket for each direction of so many flows.
    pub(crate) fn for_flows(flows: u32) -> Self {
        set_back_when_interrupted();
        let buckets = (2 * flows).max(USUAL_BUCKETS);
        let settings = [
            (BUCKETS, buckets.to_string()),
            (CONNECTIONS, (4 * flows).max(1 << 20).to_string()),
        ];
        let mut all = before();
        for (path, value) in settings {
            // Where there is no conntrack no opponent of that kind comes up, and says so.
            let Ok(text) = fs::read_to_string(path) else {
                continue;
            };
            all.push((path, text.trim().to_owned()));
            set(path, &value);
        }
        drop(all);
        Self
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        set_back();
    }
}

fn before() -> MutexGuard<'static, Vec<(&'static str, String)>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(path: &str, value: &str) {
    if let Err(error) = fs::write(path, value) {
        eprintln!("{path} was not set to {value}: {error}");
    }
}

fn set_back() {
    for (path, value) in before().drain(..).rev() {
        set(path, &value);
    }
}

/// Ends the process by the signal all the same. Namespaces go with the next run.
fn set_back_when_interrupted() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut signals = Signals::new([SIGINT, SIGTERM]).expect("signals can be waited for");
        thread::spawn(move || {
            for signal in signals.forever() {
                set_back();
                emulate_default_handler(signal).expect("both end a process");
            }
        });
    });
}
