//! Real conversations between two hosts.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use super::rig::Host;
use crate::until::patience;

/// How long a conversation that must not happen is given: long enough for many round trips.
const DENIED_PATIENCE: Duration = Duration::from_millis(400);

/// Whether one echo request is answered.
#[track_caller]
pub fn ping(from: &Host, to: IpAddr) -> bool {
    ping_within(from, to, patience())
}

/// Whether one echo request stays without an answer.
#[track_caller]
pub fn ping_is_lost(from: &Host, to: IpAddr) -> bool {
    let is_lost = !ping_within(from, to, Duration::from_secs(1));
    // A neighbour that was asked for in vain would end the next ping before its own question is answered.
    from.namespace
        .ip(&format!("neigh flush to {to}"))
        .unwrap_or_else(|error| panic!("{error}"));
    is_lost
}

#[track_caller]
fn ping_within(from: &Host, to: IpAddr, at_most: Duration) -> bool {
    let output = from
        .namespace
        .command("ping")
        .unwrap_or_else(|error| panic!("{error}"))
        .args([
            "-n",
            "-c1",
            &format!("-W{}", at_most.as_secs()),
            &to.to_string(),
        ])
        .output()
        .unwrap_or_else(|error| panic!("ping: {error} (cargo xtask setup installs it)"));
    output.status.success()
}

/// A TCP server on a host that sends back what it gets, for as many connections as come.
#[derive(Debug)]
pub struct EchoServer {
    address: SocketAddr,
}

impl EchoServer {
    /// Starts to listen.
    #[track_caller]
    pub fn start(host: &Host, address: IpAddr, port: u16) -> Self {
        let address = SocketAddr::new(address, port);
        let listener = inside(host, || TcpListener::bind(address));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || echo(stream));
            }
        });
        Self { address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(buffer.get(..length).unwrap_or_default())?;
    }
}

/// Connects.
#[track_caller]
pub fn connect(from: &Host, to: SocketAddr) -> TcpStream {
    let stream = inside(from, || TcpStream::connect_timeout(&to, patience()));
    for limit in [
        stream.set_read_timeout(Some(patience())),
        stream.set_nodelay(true),
    ] {
        limit.unwrap_or_else(|error| panic!("{error}"));
    }
    stream
}

/// How an attempt to connect ends that the gateway must not let through: nothing comes back at all.
#[track_caller]
pub fn connect_is_lost(from: &Host, to: SocketAddr) -> bool {
    let attempt = from
        .namespace
        .run(|| TcpStream::connect_timeout(&to, DENIED_PATIENCE))
        .unwrap_or_else(|error| panic!("{error}"));
    attempt.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// Sends `length` bytes and checks that the same come back.
#[track_caller]
pub fn exchange(stream: &mut TcpStream, length: usize) {
    let data: Vec<u8> = noise(length);
    let mut writer = stream.try_clone().unwrap_or_else(|error| panic!("{error}"));
    let mut back = vec![0; length];
    thread::scope(|scope| {
        let sending = scope.spawn(|| writer.write_all(&data));
        let received = stream.read_exact(&mut back);
        assert!(received.is_ok(), "the echo broke off: {received:?}");
        assert!(sending.join().is_ok_and(|sent| sent.is_ok()));
    });
    assert!(back == data, "the echo is not what was sent");
}

/// Bytes without a pattern that a fault could hide in (xorshift).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A UDP socket on a host.
#[track_caller]
pub fn udp(host: &Host, address: IpAddr, port: u16) -> UdpSocket {
    let socket = inside(host, || UdpSocket::bind((address, port)));
    socket
        .set_read_timeout(Some(patience()))
        .unwrap_or_else(|error| panic!("{error}"));
    socket
}

#[track_caller]
fn inside<T: Send>(host: &Host, work: impl FnOnce() -> io::Result<T> + Send) -> T {
    match host.namespace.run(work) {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => panic!("in {}: {error}", host.namespace.name()),
        Err(error) => panic!("{error:?}"),
    }
}
