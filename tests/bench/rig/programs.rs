//! The bench's own XDP programs, loaded.

use std::{
    collections::BTreeSet,
    ffi::CString,
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
    time::Duration,
};

use aya::{
    Ebpf, EbpfLoader, Pod, TestRun as _,
    maps::{Array, Map, ProgramArray, xdp::DevMap},
    programs::{
        ProgramFd, TestRunAttrs, TestRunOptions, Xdp, XdpMode, loaded_programs, xdp::XdpLinkId,
    },
};
use memmap2::MmapOptions;
use xiot_agent::netns::namespace::Namespace;

use super::frames::{Header, LENGTH};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/programs"));

/// Frames that are made before they are sent on together.
const BATCH: u32 = 64;

/// Interfaces that one generator can send by.
const WAYS: u32 = 64;

/// What the generator's next frame is: as the program has it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    pub(crate) next: u32,
    pub(crate) first: u32,
    pub(crate) end: u32,
    pub(crate) out: u32,
    pub(crate) receiver: u64,
    pub(crate) port_at: u32,
    pub(crate) pass: u32,
    pub(crate) left: u64,
    pub(crate) started: u64,
    pub(crate) ended: u64,
}

/// [`Cursor::out`] of frames that are made and not sent.
pub(crate) const NOWHERE: u32 = u32::MAX;

// SAFETY: numbers without padding.
unsafe impl Pod for Cursor {}

/// A program on an interface. Goes with it.
pub(crate) struct Attached {
    object: Ebpf,
    _link: XdpLinkId,
}

impl Attached {
    /// Frames that came and that no generator of the bench sent.
    pub(crate) fn strays(&self) -> u64 {
        let map = self.object.map("STRAYS").expect("it is there");
        let map: Array<_, u64> = Array::try_from(map).expect("an array");
        map.get(&0, 0).expect("there is one")
    }
}

fn load(room: u32, ways: u32) -> Ebpf {
    EbpfLoader::new()
        .map_max_entries("HEADERS", room)
        .map_max_entries("WAY_OUT", ways)
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
        let mut object = load(1, 1);
        if let Some(out) = out {
            way_out(&mut object, 0, out);
        }
        let link = program(&mut object, name)
            .attach(interface, XdpMode::Driver)
            .expect("it can be attached");
        Attached {
            object,
            _link: link,
        }
    };
    namespace.run(work).expect("the namespace is there")
}

fn way_out(object: &mut Ebpf, place: u32, interface: &str) {
    let map = object.map_mut("WAY_OUT").expect("it is there");
    let mut map = DevMap::try_from(map).expect("a device map");
    let index = index_of(interface);
    map.set(place, index, None, 0).expect("room for it");
}

fn index_of(interface: &str) -> u32 {
    let name = CString::new(interface).expect("no NUL");
    // SAFETY: a string that ends in NUL.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    assert!(index > 0, "no interface {interface}");
    index
}

/// What sends.
pub(crate) struct Generator {
    object: Ebpf,
    ways: u32,
}

impl Generator {
    /// Can make frames with these headers.
    pub(crate) fn load(headers: &[Header]) -> Self {
        let mut object = load(u32::try_from(headers.len()).expect("few enough"), WAYS);
        fill(&object, headers);
        program(&mut object, "generate");
        Self { object, ways: 0 }
    }

    /// Can send by this interface too, under the number that it gives.
    pub(crate) fn add_way(&mut self, namespace: &Namespace, interface: &str) -> u32 {
        let place = self.ways;
        assert!(place < WAYS, "a generator for so many lines");
        let object = &mut self.object;
        let add = || way_out(object, place, interface);
        namespace.run(add).expect("the namespace is there");
        self.ways += 1;
        place
    }

    /// Makes so many frames and gives the time from the first to the last, and where the next one would be made.
    pub(crate) fn run(&mut self, cursor: Cursor, frames: u32) -> (Duration, Cursor) {
        let attributes = TestRunAttrs::new().xdp_live_frames(BATCH);
        run(
            &mut self.object,
            "generate",
            &[0; LENGTH],
            attributes,
            cursor,
            frames,
        )
    }
}

/// Frames that go to a program, and nowhere from there.
pub(crate) struct Turner {
    object: Ebpf,
    nothing: ProgramFd,
}

impl Turner {
    /// Can make frames with these headers.
    pub(crate) fn load(headers: &[Header]) -> Self {
        let mut object = load(u32::try_from(headers.len()).expect("few enough"), 1);
        fill(&object, headers);
        let nothing = program(&mut object, "nothing").fd().expect("it is loaded");
        let nothing = nothing.try_clone().expect("a descriptor");
        program(&mut object, "turn");
        Self { object, nothing }
    }

    /// Has so many frames, all as long as this one, judged by this program or by none; gives the time from the first to the last,
    /// and where the next one would be made.
    pub(crate) fn run(
        &mut self,
        judge: Option<&ProgramFd>,
        frame: &[u8],
        cursor: Cursor,
        frames: u32,
    ) -> (Duration, Cursor) {
        let judge = judge.unwrap_or(&self.nothing);
        let map = self.object.map_mut("JUDGE").expect("it is there");
        let mut map = ProgramArray::try_from(map).expect("an array of programs");
        map.set(0, judge, 0).expect("a program for frames");
        let attributes = TestRunAttrs::default();
        run(&mut self.object, "turn", frame, attributes, cursor, frames)
    }
}

/// The program of this name that this process loaded last.
pub(crate) fn loaded_last(name: &str) -> ProgramFd {
    let files = fs::read_dir("/proc/self/fdinfo").expect("/proc is there");
    let texts = files
        .flatten()
        .filter_map(|file| fs::read_to_string(file.path()).ok());
    let ids = texts.filter_map(|text| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix("prog_id:")?.trim().parse::<u32>().ok())
    });
    let own: BTreeSet<u32> = ids.collect();
    let programs = loaded_programs().flatten();
    let last = programs
        .filter(|it| own.contains(&it.id()) && it.name_as_str() == Some(name))
        .max_by_key(aya::programs::ProgramInfo::id);
    last.expect("it is there").fd().expect("root")
}

fn run(
    object: &mut Ebpf,
    name: &str,
    frame: &[u8],
    attributes: TestRunAttrs,
    cursor: Cursor,
    frames: u32,
) -> (Duration, Cursor) {
    let cursor = Cursor {
        left: frames.into(),
        started: 0,
        ended: 0,
        ..cursor
    };
    let map = object.map_mut("CURSOR").expect("it is there");
    let mut map: Array<_, Cursor> = Array::try_from(map).expect("an array");
    map.set(0, cursor, 0).expect("there is one");
    let program: &Xdp = object
        .program(name)
        .expect("it is there")
        .try_into()
        .expect("it is XDP");
    let options = TestRunOptions {
        data_in: Some(frame),
        repeat: frames,
        attrs: attributes,
        ..TestRunOptions::default()
    };
    program.test_run(options).expect("the kernel runs it");
    let map = object.map("CURSOR").expect("it is there");
    let map: Array<_, Cursor> = Array::try_from(map).expect("an array");
    let cursor = map.get(&0, 0).expect("there is one");
    let took = cursor.ended.checked_sub(cursor.started);
    (Duration::from_nanos(took.expect("all were made")), cursor)
}

/// Writes all headers in one copy: a call for each would take longer than what is measured.
fn fill(object: &Ebpf, headers: &[Header]) {
    let Some(Map::Array(data)) = object.map("HEADERS") else {
        unreachable!("an array of that name is in the object");
    };
    let mut options = MmapOptions::new();
    options.len(size_of_val(headers));
    // SAFETY: the map is this object's own, and nothing else writes to it.
    let mut memory =
        unsafe { options.map_mut(data.fd().as_fd().as_raw_fd()) }.expect("the map can be mapped");
    let places = memory.chunks_exact_mut(size_of::<u64>());
    for (place, word) in places.zip(headers.iter().flatten()) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
}
