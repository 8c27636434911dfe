//! Request and answer through gateways: how long one waits, in the middle and at worst, on an idle machine and beside traffic.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    effort::{Effort, Run},
    report::{Figure, Report, Subject},
    rig::{
        frames::Family,
        gateway::{Filter, Kind},
        line::Line,
        sender::{Sender, Traffic},
        site::Site,
    },
    stats::Spread,
};

const KINDS: [Kind; 4] = [
    Kind::Redirect,
    Kind::Xiot,
    Kind::Bridge(Filter::Open),
    Kind::Bridge(Filter::Stateful),
];

/// How long a client waits before it takes an answer for lost.
const PATIENCE: Duration = Duration::from_millis(200);

/// Shares of requests that are answered sooner, in thousandths.
const SHARES: [(usize, &str); 3] = [(500, "p50"), (990, "p99"), (999, "p99.9")];

/// Conversations that load speaks in: all that are possible from one port.
const LOADED: u32 = 100;

/// Frames that load sends at a time.
const BURST: u32 = 1 << 16;

/// Client and server on this CPU, load on the other one.
pub(crate) fn run(effort: &Effort, report: &mut Report) {
    xiot_tests::cpu::stay();
    let site = Site::new(10, Family::Ipv4);
    let requests = if effort.run == Run::Smoke { 50 } else { 5000 };
    let rounds = effort.rounds.min(5);
    let mut waits: Vec<Vec<[f64; 3]>> = vec![Vec::new(); 2 * KINDS.len()];
    let mut lost = vec![0; 2 * KINDS.len()];
    let mut hosts: Vec<Hosts> = KINDS
        .iter()
        .map(|kind| Hosts::build(*kind, &site))
        .collect();
    for round in 0..=rounds {
        for (place, hosts) in (0..).zip(&mut hosts) {
            for is_loaded in [false, true] {
                let (shares, missed) = hosts.ask(requests, is_loaded);
                if round > 0 {
                    let place = 2 * place + usize::from(is_loaded);
                    waits[place].push(shares);
                    lost[place] += missed;
                }
            }
        }
    }
    for (place, kind) in KINDS.iter().enumerate() {
        for (is_loaded, state) in [(false, "idle"), (true, "other core loaded")] {
            let place = 2 * place + usize::from(is_loaded);
            for (share, (_, name)) in SHARES.iter().enumerate() {
                let values: Vec<f64> = waits[place].iter().map(|round| round[share]).collect();
                report.add(Figure {
                    subject: Subject {
                        suite: "latency",
                        scenario: format!("UDP request and answer, {state}, {name}"),
                        configuration: kind.name(),
                        rules: Some(site.rules),
                        ..Subject::default()
                    },
                    unit: "us",
                    spread: Spread::of(&values),
                    mpps: None,
                    lost: lost[place],
                });
            }
        }
    }
}

/// A client and a server with a gateway between them.
struct Hosts {
    line: Line,
    sender: Sender,
    client: UdpSocket,
    server: UdpSocket,
}

impl Hosts {
    fn build(kind: Kind, site: &Site) -> Self {
        let mut sender = Sender::new(site, &[LOADED]);
        let line = Line::with_hosts(kind, site, &mut sender);
        // Between the same hosts as the first, and none of those that load speaks in.
        let flow = site.flow(LOADED);
        let [device, peer] = [
            SocketAddr::new(flow.device, flow.ports[0]),
            SocketAddr::new(flow.peer, flow.ports[1]),
        ];
        let socket = |side: usize, own: SocketAddr, other: SocketAddr| {
            let open = || -> io::Result<UdpSocket> {
                let socket = UdpSocket::bind(own)?;
                socket.connect(other)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                Ok(socket)
            };
            let socket = line.host(side).namespace.run(open);
            socket
                .expect("the namespace is there")
                .expect("the address is the host's")
        };
        let client = socket(0, device, peer);
        let server = socket(1, peer, device);
        Self {
            line,
            sender,
            client,
            server,
        }
    }

    /// Microseconds that requests waited, by share, and how many were not answered.
    fn ask(&mut self, requests: usize, is_loaded: bool) -> ([f64; 3], u64) {
        let done = AtomicBool::new(false);
        let (client, server) = (&self.client, &self.server);
        let (line, sender) = (&self.line, &mut self.sender);
        thread::scope(|scope| {
            scope.spawn(|| answer(server, &done));
            if is_loaded {
                scope.spawn(|| {
                    elsewhere();
                    while !done.load(Ordering::Relaxed) {
                        line.send_any(sender, Traffic::Flows(LOADED), BURST);
                    }
                });
            }
            let waits = ask(client, requests);
            done.store(true, Ordering::Relaxed);
            let lost = requests - waits.len();
            (shares(waits), lost as u64)
        })
    }
}

fn ask(client: &UdpSocket, requests: usize) -> Vec<Duration> {
    let mut waits = Vec::with_capacity(requests);
    let mut buffer = [0; 64];
    for number in 0..requests {
        let begun = Instant::now();
        client.send(&number.to_be_bytes()).expect("it is sent");
        // An answer that comes late is one to another request.
        while let Ok(length) = client.recv(&mut buffer) {
            if buffer[..length] == number.to_be_bytes() {
                waits.push(begun.elapsed());
                break;
            }
        }
    }
    waits
}

fn answer(server: &UdpSocket, done: &AtomicBool) {
    let mut buffer = [0; 64];
    while !done.load(Ordering::Relaxed) {
        if let Ok(length) = server.recv(&mut buffer) {
            // What is lost shows at the client.
            drop(server.send(&buffer[..length]));
        }
    }
}

fn shares(mut waits: Vec<Duration>) -> [f64; 3] {
    waits.sort_unstable();
    SHARES.map(|(share, _)| {
        let place = (waits.len() * share / 1000).min(waits.len().saturating_sub(1));
        waits
            .get(place)
            .map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e6)
    })
}

/// Ties this thread to a CPU that the one which started it is not on. Where there is but one, that is the one.
fn elsewhere() {
    // SAFETY: no arguments, no memory.
    let here = unsafe { libc::sched_getcpu() };
    let here = usize::try_from(here).expect("a CPU has a number");
    let cpus = thread::available_parallelism()
        .map_or(1, usize::from)
        .max(2);
    xiot_tests::cpu::go((here + 1) % cpus);
}
