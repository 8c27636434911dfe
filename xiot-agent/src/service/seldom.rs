//! Log lines whose number others decide: the first few of a minute at once, the others as one line that counts them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};

/// Lines of a kind are counted over so long.
const SPAN: Duration = Duration::from_mins(1);

/// Lines of a kind that one kind of occasion may write.
#[derive(Clone, Debug)]
pub struct Seldom {
    what: &'static str,
    at_once: u32,
    minute: Arc<Mutex<Option<Minute>>>,
}

/// A minute that began with the first line.
#[derive(Debug)]
struct Minute {
    end: Instant,
    written: u32,
    held_back: u64,
}

impl Seldom {
    /// So many lines in a minute about `what`.
    pub fn new(what: &'static str, at_once: u32) -> Self {
        Self {
            what,
            at_once,
            minute: Arc::default(),
        }
    }

    /// Writes the line, or counts it. Whether it was written.
    pub fn write(&self, line: impl FnOnce()) -> bool {
        let admitted = self.admit();
        if admitted {
            line();
        }
        admitted
    }

    fn admit(&self) -> bool {
        let now = Instant::now();
        let mut minute = lock(&self.minute);
        let minute = match &mut *minute {
            Some(minute) if now < minute.end => minute,
            over => {
                // Without a runtime nobody waits for the end of the minute: then this line tells of the last one.
                if let Some(last) = over.take() {
                    self.tell(last.held_back);
                }
                over.insert(Minute {
                    end: now + SPAN,
                    written: 0,
                    held_back: 0,
                })
            }
        };
        if minute.written < self.at_once {
            minute.written += 1;
            return true;
        }
        minute.held_back += 1;
        if minute.held_back == 1
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(self.clone().tell_at(minute.end));
        }
        false
    }

    async fn tell_at(self, end: Instant) {
        sleep_until(end).await;
        let mut minute = lock(&self.minute);
        if let Some(over) = minute.take_if(|minute| minute.end == end) {
            self.tell(over.held_back);
        }
    }

    fn tell(&self, held_back: u64) {
        if held_back > 0 {
            tracing::warn!("... and {held_back} more in the last minute: {}", self.what);
        }
    }
}

/// Nothing is left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio::time::{advance, sleep};
    use tracing_subscriber::fmt;

    use super::*;

    /// What is logged on this thread from now on.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn take(&self) -> Vec<String> {
            let bytes = std::mem::take(&mut *lock(&self.0));
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(|line| line.trim().to_owned()).collect()
        }

        fn begin(&self) -> tracing::subscriber::DefaultGuard {
            let log = self.clone();
            let subscriber = fmt()
                .with_writer(move || log.clone())
                .without_time()
                .with_ansi(false)
                .with_target(false)
                .with_level(false)
                .finish();
            tracing::subscriber::set_default(subscriber)
        }
    }

    fn say(seldom: &Seldom, number: usize) {
        (0..number).for_each(|n| {
            seldom.write(|| tracing::info!("no. {n}"));
        });
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_are_written_and_the_others_counted_at_the_end_of_the_minute() {
        let log = Log::default();
        let _guard = log.begin();
        let seldom = Seldom::new("clients that were refused", 2);
        say(&seldom, 125);
        assert_eq!(log.take(), ["no. 0", "no. 1"]);
        sleep(Duration::from_secs(59)).await;
        assert_eq!(log.take(), [""; 0]);
        sleep(Duration::from_secs(2)).await;
        let told = "... and 123 more in the last minute: clients that were refused";
        assert_eq!(log.take(), [told]);
        // Nothing more of it is told, however long one waits.
        sleep(SPAN * 10).await;
        assert_eq!(log.take(), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn each_minute_begins_anew_and_each_kind_has_its_own() {
        let log = Log::default();
        let _guard = log.begin();
        let [one, other] = ["one", "other"].map(|what| Seldom::new(what, 1));
        say(&one, 1);
        sleep(SPAN * 2).await;
        say(&one, 1);
        say(&other, 1);
        assert_eq!(log.take(), ["no. 0"; 3]);
        for _ in 0..3 {
            say(&one, 10);
            sleep(SPAN + Duration::from_millis(1)).await;
        }
        let told: Vec<_> = log.take();
        let counted = told.iter().filter(|line| line.contains("more in")).count();
        assert_eq!(counted, 3, "{told:?}");
        assert!(told.contains(&"... and 9 more in the last minute: one".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_line_tells_what_nobody_waited_for() {
        let log = Log::default();
        let _guard = log.begin();
        let seldom = Seldom::new("lines", 1);
        say(&seldom, 5);
        // The minute is over, and the task that would tell has not run yet.
        advance(SPAN).await;
        say(&seldom, 1);
        let told = log.take();
        let counted = told.iter().filter(|line| line.contains("4 more in"));
        assert_eq!(counted.count(), 1, "{told:?}");
        assert_eq!(told.last().unwrap(), "no. 0");
    }
}
