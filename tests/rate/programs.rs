//! The bench's own XDP programs, loaded.

use std::time::{Duration, Instant};

use aya::{
    Ebpf, EbpfLoader, Pod, TestRun as _,
    maps::{Array, xdp::DevMap},
    programs::{TestRunAttrs, TestRunOptions, Xdp, XdpMode, xdp::XdpLinkId},
};
use xiot_agent::netns::namespace::Namespace;

use crate::frames::{Header, LENGTH};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/programs"));

/// Frames that are made before they are sent on together.
const BATCH: u32 = 64;

#[repr(C)]
#[derive(Clone, Copy)]
struct Cursor {
    next: u32,
    first: u32,
    end: u32,
    sends: u32,
}

// SAFETY: four numbers without padding.
unsafe impl Pod for Cursor {}

/// A program on an interface. Goes with it.
pub(crate) struct Attached {
    _object: Ebpf,
    _link: XdpLinkId,
}

fn load(room: u32) -> Ebpf {
    EbpfLoader::new()
        .map_max_entries("HEADERS", room)
        .load(OBJECT)
        .expect("the programs of the bench load")
}

fn program<'e>(object: &'e mut Ebpf, name: &str) -> &'e mut Xdp {
    let program: &mut Xdp = object
        .program_mut(name)
        .expect("it is there")
        .try_into()
        .expect("it is XDP");
    program.load().expect("the verifier takes it");
    program
}

/// Puts a program on an interface; what it redirects leaves by another.
pub(crate) fn attach(
    namespace: &Namespace,
    name: &str,
    interface: &str,
    out: Option<&str>,
) -> Attached {
    let work = || {
        let mut object = load(1);
        if let Some(out) = out {
            way_out(&mut object, out);
        }
        let link = program(&mut object, name)
            .attach(interface, XdpMode::Driver)
            .expect("it can be attached");
        Attached {
            _object: object,
            _link: link,
        }
    };
    namespace.run(work).expect("the namespace is there")
}

fn way_out(object: &mut Ebpf, interface: &str) {
    let map = object.map_mut("WAY_OUT").expect("it is there");
    let mut map = DevMap::try_from(map).expect("a device map");
    let index = index_of(interface);
    map.set(0, index, None, 0).expect("room for one");
}

fn index_of(interface: &str) -> u32 {
    let name = std::ffi::CString::new(interface).expect("no NUL");
    // SAFETY: a string that ends in NUL.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    assert!(index > 0, "no interface {interface}");
    index
}

/// What sends.
pub(crate) struct Generator {
    object: Ebpf,
}

impl Generator {
    /// Sends these by this interface.
    pub(crate) fn load(namespace: &Namespace, interface: &str, headers: &[Header]) -> Self {
        let work = || {
            let mut object = load(u32::try_from(headers.len()).expect("few enough"));
            way_out(&mut object, interface);
            let map = object.map_mut("HEADERS").expect("it is there");
            let mut map: Array<_, Header> = Array::try_from(map).expect("an array");
            for (index, header) in (0..).zip(headers) {
                map.set(index, header, 0).expect("room for it");
            }
            program(&mut object, "generate");
            Self { object }
        };
        namespace.run(work).expect("the namespace is there")
    }

    /// Makes so many frames from this part of the headers, and sends them; gives the time that it took.
    pub(crate) fn run(&mut self, part: std::ops::Range<u32>, sends: bool, frames: u32) -> Duration {
        let map = self.object.map_mut("CURSOR").expect("it is there");
        let mut map: Array<_, Cursor> = Array::try_from(map).expect("an array");
        let cursor = Cursor {
            next: part.start,
            first: part.start,
            end: part.end,
            sends: sends.into(),
        };
        map.set(0, cursor, 0).expect("there is one");
        let program: &Xdp = self
            .object
            .program("generate")
            .expect("it is there")
            .try_into()
            .expect("it is XDP");
        let options = TestRunOptions {
            data_in: Some(&[0; LENGTH]),
            repeat: frames,
            attrs: TestRunAttrs::new().xdp_live_frames(BATCH),
            ..TestRunOptions::default()
        };
        let begun = Instant::now();
        program.test_run(options).expect("live frames");
        begun.elapsed()
    }
}
