//! Conversations that every policy allows, all the time. Each question waits for its answer, so that a frame which is lost is known to be.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::Scope,
    time::{Duration, Instant},
};

use xiot_tests::{
    net::{
        rig::{Host, Rig},
        traffic::{EchoServer, connect, exchange, udp},
    },
    until::{pace, patience, until},
};

/// From one question of a conversation to the next, at least: there is other work for this machine.
const PACE: Duration = Duration::from_micros(200);
/// From one conversation to the next.
const OPENING: Duration = Duration::from_millis(4);
/// Local ports of the device in both families.
pub(super) const PORTS: [u16; 2] = [40_004, 40_006];

/// What came of one stream of questions.
#[derive(Debug)]
struct Stream {
    name: &'static str,
    asked: AtomicU64,
    lost: AtomicU64,
}

/// All streams.
#[derive(Debug)]
pub(super) struct Traffic {
    over: AtomicBool,
    streams: [Stream; 5],
}

/// Ends what has no end of its own, also when the test fails.
pub(super) struct End<'t>(&'t Traffic);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
    }
}

impl Traffic {
    pub(super) fn new() -> Self {
        let names = [
            "questions over UDP",
            "questions over UDP in IPv6",
            "questions to the device",
            "conversations that open",
            "rounds of a TCP session",
        ];
        Self {
            over: AtomicBool::new(false),
            streams: names.map(|name| Stream {
                name,
                asked: AtomicU64::new(0),
                lost: AtomicU64::new(0),
            }),
        }
    }

    /// Starts all of it; it ends with what is returned.
    pub(super) fn start<'t>(&'t self, rig: &'t Rig, scope: &'t Scope<'t, '_>) -> End<'t> {
        let (device, uplink) = (&rig.device, &rig.uplink);
        let [v4, v6, called, opened, session] = &self.streams;
        for (stream, [own, peer], port) in [
            (v4, [device.v4.into(), uplink.v4.into()], PORTS[0]),
            (v6, [device.v6.into(), uplink.v6.into()], PORTS[1]),
        ] {
            let (client, server) = (udp(device, own, port), udp(uplink, peer, 7));
            let to = server.local_addr().unwrap();
            scope.spawn(move || self.echo(&server));
            scope.spawn(move || self.ask(stream, &client, to));
            if stream.name == v4.name {
                scope.spawn(move || self.open(opened, device, to));
            }
        }
        let agent = udp(device, device.v4.into(), 161);
        let manager = udp(uplink, uplink.v4.into(), 40_161);
        let to = agent.local_addr().unwrap();
        scope.spawn(move || self.echo(&agent));
        scope.spawn(move || self.ask(called, &manager, to));
        let server = EchoServer::start(uplink, uplink.v4.into(), 3613);
        scope.spawn(move || self.talk(session, device, server.address()));
        End(self)
    }

    /// Set once it is over.
    pub(super) fn over(&self) -> &AtomicBool {
        &self.over
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Echoes questions.
    fn echo(&self, server: &UdpSocket) {
        server
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let mut question = [0; 8];
        while !self.is_over() {
            if let Ok((length, from)) = server.recv_from(&mut question) {
                server.send_to(&question[..length], from).unwrap();
            }
        }
    }

    /// Questions of one conversation.
    fn ask(&self, stream: &Stream, socket: &UdpSocket, to: SocketAddr) {
        while !self.is_over() {
            let next = Instant::now() + PACE;
            stream.ask(socket, to);
            pace(next);
        }
    }

    /// Conversations of one question each.
    fn open(&self, stream: &Stream, host: &Host, to: SocketAddr) {
        while !self.is_over() {
            let next = Instant::now() + OPENING;
            stream.ask(&udp(host, host.v4.into(), 0), to);
            pace(next);
        }
    }

    /// A session that must not break off.
    fn talk(&self, stream: &Stream, host: &Host, to: SocketAddr) {
        let mut session = connect(host, to);
        while !self.is_over() {
            let next = Instant::now() + PACE;
            exchange(&mut session, 4_000);
            stream.asked.fetch_add(1, Ordering::AcqRel);
            pace(next);
        }
    }

    /// Waits until each of them went on, and sees that nothing was lost so far.
    #[track_caller]
    pub(super) fn goes_on(&self, after: &str) {
        const SOME: u64 = 3;
        for stream in &self.streams {
            let before = stream.asked.load(Ordering::Acquire);
            until(&format!("{} after {after}", stream.name), || {
                let lost = stream.lost.load(Ordering::Acquire);
                assert_eq!(lost, 0, "{} after {after}", stream.name);
                (stream.asked.load(Ordering::Acquire) >= before + SOME).then_some(())
            });
        }
    }

    /// Questions over UDP in both families.
    pub(super) fn asked(&self) -> [u64; 2] {
        let [v4, v6, ..] = &self.streams;
        [v4, v6].map(|stream| stream.asked.load(Ordering::Acquire))
    }

    /// What there was, in words.
    pub(super) fn summary(&self) -> String {
        let counted = self
            .streams
            .iter()
            .map(|stream| format!("{} {}", stream.asked.load(Ordering::Acquire), stream.name));
        counted.collect::<Vec<_>>().join(", ")
    }
}

impl Stream {
    /// A question and its answer.
    fn ask(&self, socket: &UdpSocket, to: SocketAddr) {
        let number = self.asked.load(Ordering::Acquire);
        socket.set_read_timeout(Some(patience() / 3)).unwrap();
        socket.send_to(&number.to_be_bytes(), to).unwrap();
        let mut answer = [0; 8];
        if socket.recv(&mut answer).is_err() {
            self.lost.fetch_add(1, Ordering::AcqRel);
        } else {
            assert_eq!(u64::from_be_bytes(answer), number, "{}", self.name);
        }
        self.asked.store(number + 1, Ordering::Release);
    }
}
