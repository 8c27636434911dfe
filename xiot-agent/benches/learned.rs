//! How long it takes to ask what was learned: `learned`, `propose`, `simulate`, `compare` and `promote` at a site of many devices of sixty conversations each.
//!
//! `cargo bench -p xiot-agent --bench learned`, as root. For each command the median of three runs (least to most) in seconds, the longest that somebody who
//! asks something small meanwhile waited for an answer, and the largest resident set of the agent. A number as argument is how many devices there are
//! (10,000), a second one how many runs.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod peak;
mod site;

use std::{
    env, fs,
    future::Future,
    time::{Duration, Instant},
};

use peak::peak;
use site::Site;
use tokio::{runtime, time::MissedTickBehavior};
use xiot_agent::service::{
    compare,
    explain::{self, Query, Subject},
    handle::{Handle, SourceError},
    learner,
    promotion::{self, Waived},
    reload::Candidate,
    simulate,
    state::Opener,
};

/// Devices, and runs.
const DEVICES: u32 = 10_000;
const RUNS: usize = 3;

fn main() {
    let mut numbers = env::args().filter_map(|argument| argument.parse::<u32>().ok());
    let devices = numbers.next().unwrap_or(DEVICES);
    let runs = numbers.next().map_or(RUNS, |runs| runs as usize);
    let site = Site::new(devices);
    site.gateway
        .run(|| {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(measure(&site, runs));
        })
        .expect("the namespace is there");
}

/// Asks everything, while the agent tends its data path on this thread.
async fn measure(site: &Site, runs: usize) {
    let mut service = site.start();
    let handle = service.handle();
    println!(
        "{:<10} {:<12} {:>22} {:>24} {:>9}",
        "command", "of", "seconds", "longest wait in ms", "peak MiB"
    );
    tokio::select! {
        () = service.tend() => {}
        () = all(&handle, runs) => {}
    }
    service.stop().expect("nothing is in the way");
}

async fn all(handle: &Handle, runs: usize) {
    let (device, profile) = (site::device_name(1), site::profile_name(1));
    // The first question loads the program that the others are put to.
    let answer = handle.explain(small_question()).await;
    answer.expect("there is an answer");
    let asked = async |command: &str, of: &str, ask: &dyn Fn() -> Asked| {
        let mut figures = Vec::new();
        for _ in 0..runs {
            figures.push(one(handle, ask()).await);
        }
        print(command, of, &figures);
    };
    let told = |device: Option<&String>| {
        let (handle, device) = (handle.clone(), device.cloned());
        boxed(async move { handle.learned(device).await.map(drop) })
    };
    asked("learned", "one device", &|| told(Some(&device))).await;
    asked("learned", "all", &|| told(None)).await;
    let proposed = |profiles: Vec<String>| {
        let handle = handle.clone();
        let devices = Vec::new();
        let wanted = learner::Wanted { profiles, devices };
        boxed(async move { handle.propose(wanted).await.map(drop) })
    };
    asked("propose", "one profile", &|| {
        proposed(vec![profile.clone()])
    })
    .await;
    asked("propose", "all", &|| proposed(Vec::new())).await;
    for (of, profile) in [("one profile", Some(&profile)), ("all", None)] {
        let profile = profile.cloned();
        asked("simulate", of, &|| {
            let handle = handle.clone();
            let wanted = simulate::Wanted {
                profile: profile.clone(),
                ..simulate::Wanted::default()
            };
            boxed(async move {
                let simulated = handle.simulate(Candidate::Files, wanted).await?;
                site::check(&simulated);
                Ok(())
            })
        })
        .await;
        asked("compare", of, &|| {
            let handle = handle.clone();
            let wanted = compare::Wanted {
                profile: profile.clone(),
                ..compare::Wanted::default()
            };
            boxed(async move { handle.compare(None, wanted).await.map(drop) })
        })
        .await;
    }
    let promoted = |wanted: promotion::Wanted| {
        let handle = handle.clone();
        boxed(async move { handle.promotion(wanted).await.map(drop) })
    };
    let wanted = promotion::Wanted::default();
    asked("promote", "one device", &|| {
        promoted(promotion::Wanted {
            devices: vec![device.clone()],
            ..wanted.clone()
        })
    })
    .await;
    asked("promote", "one profile", &|| {
        promoted(promotion::Wanted {
            profile: Some(profile.clone()),
            ..wanted.clone()
        })
    })
    .await;
    // Whatever stands in the way: then the new file is written, too.
    asked("promote", "all", &|| {
        promoted(promotion::Wanted {
            group: Some("all".to_owned()),
            waived: Waived::All,
            ..wanted.clone()
        })
    })
    .await;
}

/// A question that is asked.
type Asked = std::pin::Pin<Box<dyn Future<Output = Result<(), SourceError>>>>;

fn boxed(asked: impl Future<Output = Result<(), SourceError>> + 'static) -> Asked {
    Box::pin(asked)
}

/// What an answer took.
#[derive(Clone, Copy, Debug)]
struct Figure {
    time: Duration,
    wait: Duration,
    /// KiB.
    peak: u64,
}

async fn one(handle: &Handle, asked: Asked) -> Figure {
    fs::write("/proc/self/clear_refs", "5").expect("proc is mounted");
    let begun = Instant::now();
    let mut waits = Waits::default();
    tokio::select! {
        answer = asked => answer.expect("there is an answer"),
        error = keep_asking(handle, &mut waits) => panic!("there is an answer: {error}"),
    }
    Figure {
        time: begun.elapsed(),
        wait: waits.longest(),
        peak: peak(),
    }
}

/// How long answers were waited for.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    longest: Duration,
    /// Since when one is.
    since: Option<Instant>,
}

impl Waits {
    fn begin(&mut self) {
        self.since = Some(Instant::now());
    }

    fn end(&mut self) {
        *self = Self {
            longest: self.longest(),
            since: None,
        };
    }

    fn longest(&self) -> Duration {
        let now = self.since.map(|since| since.elapsed());
        now.unwrap_or_default().max(self.longest)
    }
}

/// Asks something small, again and again, for as long as there is an answer. A wait for one that is not there yet counts, too.
async fn keep_asking(handle: &Handle, waits: &mut Waits) -> SourceError {
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        waits.begin();
        if let Err(error) = handle.explain(small_question()).await {
            return error;
        }
        waits.end();
    }
}

/// What becomes of a conversation with a host, by its name: it takes what the device was told.
fn small_question() -> Query {
    Query {
        subject: Subject::Name(site::device_name(0)),
        opener: Opener::Device,
        peer: site::host(0),
        service: explain::Service::Tcp(5000),
        vlans: None,
        wire: None,
        address: None,
        at: None,
    }
}

fn print(command: &str, of: &str, figures: &[Figure]) {
    let times = figures.iter().map(|it| it.time.as_secs_f64()).collect();
    let waits = figures
        .iter()
        .map(|it| it.wait.as_secs_f64() * 1e3)
        .collect();
    let peak = figures.iter().map(|it| it.peak).max().unwrap_or_default();
    println!(
        "{command:<10} {of:<12} {:>22} {:>24} {:>9}",
        spread(times, 2),
        spread(waits, 0),
        peak / 1024
    );
}

/// Median, least and most.
fn spread(mut values: Vec<f64>, digits: usize) -> String {
    values.sort_unstable_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    let median = values[values.len() / 2];
    format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
}
