//! A hundred thousand devices: the metrics page with series of each, and without.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use xiot_tests::net::rig::Rig;

use crate::{
    agent::{Agent, gateway},
    metrics::{check_by_promtool, page},
};

const DEVICES: u32 = 100_000;

/// One in a hundred is in a group.
fn policy() -> String {
    let mut text = "onboarding: enforce\nprofiles:\n  pump:\n    allow:\n      - {to: 10.128.0.1, udp: 5000}\ndevices:\n"
        .to_owned();
    for number in 0..DEVICES {
        let [a, b, c, d] = number.to_be_bytes();
        let group = if number % 100 == 0 {
            ", groups: icu"
        } else {
            ""
        };
        writeln!(
            text,
            "  - {{name: device-{number}, mac: \"02:10:{a:02x}:{b:02x}:{c:02x}:{d:02x}\", profile: pump, mode: enforce{group}}}"
        )
        .unwrap();
    }
    text
}

fn capacity(metrics: &str) -> String {
    format!("{metrics}capacity: {{devices: {DEVICES}, policy: 32MiB}}\n")
}

/// The page without chunks.
fn old_page(rig: &Rig, address: &str) -> String {
    let work = || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    };
    let page = rig.gateway.run(work).unwrap();
    let (head, page) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    page.to_owned()
}

/// Series of single devices.
fn series_of_devices(page: &str) -> usize {
    let lines = page.lines();
    lines
        .filter(|line| line.starts_with("xiot_device_"))
        .count()
}

#[test]
fn a_page_of_a_hundred_thousand_devices_is_whole_and_clean() {
    let rig = Rig::new();
    let metrics = "metrics: {listen: 127.0.0.1:9469, devices: all}\n";
    let agent = Agent::start(&rig, &gateway(&rig, &capacity(metrics)), &policy());
    let page = old_page(&rig, "127.0.0.1:9469");
    // What it is, four of frames, two of bytes, one of what would be dropped. None was ever seen.
    assert_eq!(series_of_devices(&page), 8 * DEVICES as usize);
    let last = format!(
        "xiot_device_would_drop_frames_total{{device=\"device-{}\"}} 0",
        DEVICES - 1
    );
    assert!(page.lines().any(|line| line == last));
    check_by_promtool(&page);
    // A client that goes away in the middle takes nothing with it.
    rig.gateway
        .run(|| {
            let mut stream = TcpStream::connect("127.0.0.1:9469").unwrap();
            write!(stream, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
            stream.read_exact(&mut [0; 4096]).unwrap();
        })
        .unwrap();
    let again = old_page(&rig, "127.0.0.1:9469");
    assert_eq!(series_of_devices(&again), series_of_devices(&page));
    agent.stop();
}

#[test]
fn a_group_has_series_and_nobody_else() {
    let rig = Rig::new();
    let metrics = "metrics: {listen: 127.0.0.1:9469, devices: icu}\n";
    let _agent = Agent::start(&rig, &gateway(&rig, &capacity(metrics)), &policy());
    let page_of_group = old_page(&rig, "127.0.0.1:9469");
    assert_eq!(
        series_of_devices(&page_of_group),
        8 * DEVICES as usize / 100
    );
    assert!(!page_of_group.contains("\"device-1\""));
    let whole = page(&rig, "127.0.0.1:9469");
    assert!(whole.contains("\"device-100\""));
}
