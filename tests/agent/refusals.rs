//! Reasons not to start, each with one clear message, its exit code, and a system as it was.

use std::{fs, net::TcpListener, ops::Range, path::Path};

use xiot_agent::datapath;
use xiot_tests::net::rig::Rig;

use crate::{
    POLICY,
    agent::{Agent, ended, gateway, refused, run, write},
    traces::Traces,
};

/// Runs the agent by these files; it must refuse with this exit code, say all of `words`, and leave nothing.
#[track_caller]
fn check(rig: &Rig, gateway: &str, code: i32, words: &[&str]) {
    let before = Traces::of(rig);
    let (ended_with, said) = refused(rig, gateway, POLICY);
    assert_refused(&said, ended_with, code, words);
    assert_eq!(Traces::of(rig), before, "{said}");
}

#[track_caller]
fn assert_refused(said: &str, ended_with: i32, code: i32, words: &[&str]) {
    assert_eq!(ended_with, code, "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn an_interface_that_is_not_there() {
    let rig = Rig::new();
    let gateway = gateway(&rig, "").replace("dev0", "eth7");
    check(&rig, &gateway, 4, &["eth7", "does not exist"]);
}

#[test]
fn an_interface_that_is_down() {
    let rig = Rig::new();
    rig.gateway.ip("link set dev up0 down").unwrap();
    check(
        &rig,
        &gateway(&rig, ""),
        4,
        &["up0 is down", "ip link set dev up0 up"],
    );
}

#[test]
fn a_directory_for_pins_that_is_on_no_bpf_file_system() {
    let rig = Rig::new();
    let pins = rig.file("pins");
    let more = format!("pins: {}\n", pins.display());
    check(
        &rig,
        &gateway(&rig, &more),
        4,
        &["BPF file system", "mount -t bpf"],
    );
    assert!(!pins.exists());
}

#[test]
fn a_group_that_is_not_there() {
    let rig = Rig::new();
    let socket = rig.file("control.sock");
    let control = format!(
        "control: {{socket: {}, group: netops-of-nowhere}}\n",
        socket.display()
    );
    check(
        &rig,
        &gateway(&rig, &control),
        4,
        &["netops-of-nowhere", "groupadd"],
    );
}

#[test]
fn a_metrics_address_in_use() {
    let rig = Rig::new();
    let _taken = rig
        .gateway
        .run(|| TcpListener::bind("127.0.0.1:9469").unwrap())
        .unwrap();
    check(
        &rig,
        &gateway(&rig, ""),
        6,
        &["127.0.0.1:9469", "metrics: off"],
    );
}

#[test]
fn a_metrics_address_that_is_not_this_hosts() {
    let rig = Rig::new();
    check(
        &rig,
        &gateway(&rig, "metrics: 192.0.2.1:9469\n"),
        4,
        &["192.0.2.1:9469"],
    );
}

#[test]
fn a_control_socket_in_use() {
    let rig = Rig::new();
    let mut first = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let more = format!(
        "pins: {}\nmetrics: off\n",
        rig.scratch.bpf().join("other").display()
    );
    let pid = format!("process {}", first.running().id());
    check(
        &rig,
        &gateway(&rig, &more),
        6,
        &["control.sock", &pid, "another socket"],
    );
    first.say(&["status"]);
}

#[test]
fn pins_in_use() {
    let rig = Rig::new();
    let first = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let other = rig.file("other.sock");
    let more = format!("control: {{socket: {}}}\nmetrics: off\n", other.display());
    check(&rig, &gateway(&rig, &more), 6, &["in use by another agent"]);
    first.say(&["status"]);
}

#[test]
fn a_file_in_the_way_of_the_socket() {
    let rig = Rig::new();
    fs::write(rig.file("control.sock"), "precious").unwrap();
    check(&rig, &gateway(&rig, ""), 4, &["control.sock", "no socket"]);
    assert_eq!(
        fs::read_to_string(rig.file("control.sock")).unwrap(),
        "precious"
    );
}

#[test]
fn no_privileges() {
    let rig = Rig::new();
    write(&rig, &gateway(&rig, ""), POLICY);
    let before = Traces::of(&rig);
    let unprivileged = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    let (code, said) = ended(&run(&rig, &unprivileged).output().unwrap());
    assert_refused(&said, code, 3, &["run as root", "CAP_BPF"]);
    assert_eq!(Traces::of(&rig), before);
}

#[test]
fn another_user() {
    let rig = Rig::new();
    write(&rig, &gateway(&rig, ""), POLICY);
    let before = Traces::of(&rig);
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let (code, said) = ended(&run(&rig, &nobody).output().unwrap());
    assert_refused(&said, code, 3, &["control.sock", "Permission denied"]);
    assert_eq!(Traces::of(&rig), before);
}

/// The built-in program with every `exit` turned into a jump to the next instruction: it runs off its end.
fn endless() -> Vec<u8> {
    const EXIT: [u8; 8] = [0x95, 0, 0, 0, 0, 0, 0, 0];
    const NEXT: [u8; 8] = [0x05, 0, 0, 0, 0, 0, 0, 0];
    let mut object = datapath::object().to_vec();
    for section in code(&object) {
        for instruction in object[section].chunks_exact_mut(8) {
            if *instruction == EXIT {
                instruction.copy_from_slice(&NEXT);
            }
        }
    }
    object
}

/// Where the executable sections of a 64-bit ELF file lie (gABI, "Section Header").
fn code(elf: &[u8]) -> Vec<Range<usize>> {
    const EXECUTABLE: usize = 4;
    let number = |at: usize, bytes: usize| {
        let mut word = [0; 8];
        word[..bytes].copy_from_slice(&elf[at..at + bytes]);
        usize::try_from(u64::from_le_bytes(word)).unwrap()
    };
    let (headers, size, count) = (number(40, 8), number(58, 2), number(60, 2));
    (0..count)
        .map(|n| headers + n * size)
        .filter(|header| number(header + 8, 8) & EXECUTABLE != 0)
        .map(|header| {
            let start = number(header + 24, 8);
            start..start + number(header + 32, 8)
        })
        .collect()
}

#[test]
fn a_program_that_the_verifier_rejects_is_shown_with_the_end_of_its_log() {
    let rig = Rig::new();
    write(&rig, &gateway(&rig, ""), POLICY);
    fs::write(rig.file("endless.o"), endless()).unwrap();
    let before = Traces::of(&rig);
    let mut command = run(&rig, &[]);
    let output = command
        .arg("--object")
        .arg(rig.file("endless.o"))
        .output()
        .unwrap();
    let (code, said) = ended(&output);
    assert_refused(
        &said,
        code,
        5,
        &[
            "the kernel refused the XDP program",
            "its log ends",
            "processed ",
        ],
    );
    assert_eq!(Traces::of(&rig), before);
}

#[test]
fn an_object_that_is_none() {
    let rig = Rig::new();
    let before = Traces::of(&rig);
    write(&rig, &gateway(&rig, ""), POLICY);
    for (object, code, word) in [
        ("policy.yaml", 5, "the BPF object can't be used"),
        ("nowhere.o", 2, "nowhere.o"),
    ] {
        let mut command = run(&rig, &[]);
        let output = command
            .arg("--object")
            .arg(rig.file(object))
            .output()
            .unwrap();
        let (ended_with, said) = ended(&output);
        assert_refused(&said, ended_with, code, &[word]);
        assert_eq!(Traces::of(&rig), before);
    }
}

#[test]
fn a_policy_with_an_error_before_anything_else() {
    let rig = Rig::new();
    let before = Traces::of(&rig);
    let policy = POLICY.replace("to: server", "to: sever");
    let (code, said) = refused(&rig, &gateway(&rig, ""), &policy);
    assert_refused(
        &said,
        code,
        1,
        &["policy.yaml:7", "sever", "did you mean `server`?", "^^^^^"],
    );
    assert_eq!(Traces::of(&rig), before);
    assert!(!Path::new(&rig.file("control.sock")).exists());
}
