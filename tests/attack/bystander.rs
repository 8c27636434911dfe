//! A device that has nothing to do with the attack, in a conversation that nobody may disturb.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use xiot_agent::netns::{
    link::Mac,
    name::{next_number, of_run},
    namespace::Namespace,
};
use xiot_tests::{
    net::{
        capture::Capture,
        rig::{HOST_PORT, Host, Rig},
        traffic::{EchoServer, connect},
    },
    until::{patience, until, within},
};

/// MAC of the monitor, on the device side.
pub(crate) const MONITOR: [u8; 6] = [0x02, 0, 0, 0, 0x30, 13];
/// MAC of the archive that it talks to.
pub(crate) const ARCHIVE: [u8; 6] = [0x02, 0, 0, 0, 0x30, 2];
/// Where the archive listens.
const PORT: u16 = 104;
/// Between two messages.
const PACE: Duration = Duration::from_millis(5);

/// The conversation: one message after the other, each answered before the next.
#[derive(Debug)]
pub(crate) struct Bystander {
    monitor: Host,
    archive: Host,
    address: std::net::SocketAddr,
    /// Port of the monitor in it.
    pub(crate) port: u16,
    answered: Arc<AtomicU64>,
    opened: AtomicU64,
    stop: mpsc::Sender<()>,
    talk: JoinHandle<Result<[Watch; 2], std::io::Error>>,
}

/// Counts what leaves and reaches one end of the conversation.
#[derive(Debug)]
struct Watch {
    capture: Capture,
    sent: u64,
    came: u64,
}

impl Bystander {
    /// Brings both up beside the hosts of a rig; they share its wire.
    pub(crate) fn join(rig: &Rig) -> Self {
        let monitor = beside(&rig.device, "monitor", MONITOR, 13);
        let archive = beside(&rig.uplink, "archive", ARCHIVE, 2);
        know(&monitor, &archive);
        know(&archive, &monitor);
        let server = EchoServer::start(&archive, archive.v4.into(), PORT);
        let mut watches = [Watch::start(&monitor), Watch::start(&archive)];
        let mut stream = connect(&monitor, server.address());
        let port = stream.local_addr().unwrap().port();
        let answered = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = mpsc::channel();
        let count = Arc::clone(&answered);
        let talk = std::thread::spawn(move || {
            while stopped.recv_timeout(PACE) == Err(mpsc::RecvTimeoutError::Timeout) {
                one_message(&mut stream)?;
                count.fetch_add(1, Ordering::Relaxed);
                watches.iter_mut().for_each(Watch::look);
            }
            Ok(watches)
        });
        Self {
            monitor,
            archive,
            address: server.address(),
            port,
            answered,
            opened: AtomicU64::new(0),
            stop,
            talk,
        }
    }

    /// Waits for answers to two messages: at least one of them was sent from now on.
    #[track_caller]
    pub(crate) fn goes_on(&self) {
        let before = self.answered.load(Ordering::Relaxed);
        until("the conversation of another device to go on", || {
            assert!(!self.talk.is_finished(), "the conversation broke off");
            (self.answered.load(Ordering::Relaxed) >= before + 2).then_some(())
        });
    }

    /// Opens another conversation and ends it.
    #[track_caller]
    pub(crate) fn opens_another(&self) {
        one_message(&mut connect(&self.monitor, self.address)).unwrap();
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Conversations that it has opened beside the first.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Whether a frame is one of the conversation, or of another between the two.
    pub(crate) fn is_party(frame: &[u8]) -> bool {
        let macs = frame.get(..12).unwrap_or_default();
        macs == [ARCHIVE, MONITOR].concat() || macs == [MONITOR, ARCHIVE].concat()
    }

    /// Ends the conversation. Not one of its frames may have been lost on the way.
    #[track_caller]
    pub(crate) fn was_undisturbed(self) {
        self.goes_on();
        self.stop.send(()).unwrap();
        let mut watches = self.talk.join().unwrap().unwrap();
        let all = within(patience(), || {
            watches.iter_mut().for_each(Watch::look);
            let [monitor, archive] = &watches;
            (monitor.sent <= archive.came && archive.sent <= monitor.came).then_some(())
        });
        assert!(
            all.is_some(),
            "frames of another device's conversation were lost: {watches:?}"
        );
        drop(self.archive);
    }
}

impl Watch {
    fn start(host: &Host) -> Self {
        Self {
            capture: Capture::start(host),
            sent: 0,
            came: 0,
        }
    }

    /// Counts what has been seen by now.
    fn look(&mut self) {
        for frame in self.capture.so_far() {
            if is_tcp(&frame.bytes) {
                let count = if frame.outgoing {
                    &mut self.sent
                } else {
                    &mut self.came
                };
                *count += 1;
            }
        }
    }
}

fn one_message(stream: &mut TcpStream) -> Result<(), std::io::Error> {
    let mut answer = [0; 8];
    stream.write_all(b"heart ok")?;
    stream.read_exact(&mut answer)?;
    assert_eq!(&answer, b"heart ok");
    Ok(())
}

fn is_tcp(frame: &[u8]) -> bool {
    frame.get(12..14) == Some(&[0x08, 0x00]) && frame.get(23) == Some(&6)
}

/// A host with an interface of its own on the wire of another.
pub(crate) fn beside(host: &Host, label: &str, mac: [u8; 6], last: u8) -> Host {
    let namespace = Namespace::create(&of_run(next_number(), label)).unwrap();
    host.ip(&format!(
        "link add link {HOST_PORT} name shared0 netns {} address {} type macvlan mode private",
        namespace.name(),
        Mac(mac)
    ));
    let v4 = Ipv4Addr::new(10, 30, 1, last);
    namespace
        .ip(&format!("link set shared0 name {HOST_PORT}"))
        .unwrap();
    namespace.silence(HOST_PORT).unwrap();
    namespace.ip(&format!("link set {HOST_PORT} up")).unwrap();
    namespace.address(HOST_PORT, &format!("{v4}/24")).unwrap();
    Host {
        namespace,
        mac,
        v4,
        v6: std::net::Ipv6Addr::UNSPECIFIED,
    }
}

/// Makes a host know another's MAC, so that it never asks.
pub(crate) fn know(host: &Host, other: &Host) {
    host.ip(&format!(
        "neigh replace {} lladdr {} dev {HOST_PORT} nud permanent",
        other.v4,
        other.mac_text()
    ));
}
