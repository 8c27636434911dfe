//! Loading, and refusing to.

use object::{File, Object as _, ObjectSection as _, ObjectSymbol as _};
use xiot_agent::datapath::{Datapath, LoadError, object};
use xiot_common::{capacity::MAX_IFINDEX, map};
use xiot_tests::kernel;

use crate::image::small;

#[cfg(not(feature = "bpf-log"))]
#[test]
fn the_program_that_is_shipped_has_no_log() {
    let file = File::parse(object()).unwrap();
    let log = file
        .symbols()
        .filter_map(|symbol| symbol.name().ok())
        .find(|name| name.to_lowercase().contains("log"));
    assert_eq!(log, None);
}

#[test]
fn the_object_declares_its_licence() {
    let file = File::parse(object()).unwrap();
    let licence = file.section_by_name("license").unwrap();
    assert_eq!(licence.data().unwrap(), b"Dual MIT/GPL\0");
}

#[test]
fn default_sizes_load() {
    let datapath = Datapath::load(&Default::default()).unwrap();
    assert_eq!(datapath.capacity(), Default::default());
    assert!(datapath.device_stride() > datapath.capacity().devices);
}

#[test]
fn a_map_that_is_too_large_is_named_with_its_size() {
    let mut options = small();
    // Sizes one map only: which of several is made first changes from run to run.
    options.capacity.rules = u32::MAX - 1;
    let error = Datapath::load(&options).unwrap_err();
    let LoadError::Map {
        map: name, bytes, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(*name, map::RULE_COUNTERS);
    assert!(*bytes > 60_000_000_000, "{bytes}");
}

#[test]
fn impossible_sizes_are_refused_before_the_kernel_is_asked() {
    let mut options = small();
    options.max_ifindex = MAX_IFINDEX;
    let error = Datapath::load(&options).unwrap_err().to_string();
    assert!(error.contains("interface indices"), "{error}");
    let mut options = small();
    options.capacity.devices = u32::MAX;
    let error = Datapath::load(&options).unwrap_err().to_string();
    assert!(error.contains("devices"), "{error}");
    let mut options = small();
    options.capacity.slot_lines = u32::MAX / 2 + 1;
    let error = Datapath::load(&options).unwrap_err().to_string();
    assert!(error.contains("lines per policy"), "{error}");
}

/// The program, but the first thing it does is to read through a register that was never set.
pub(crate) fn spoiled() -> Vec<u8> {
    let (offset, _) = File::parse(object())
        .expect("it is an ELF file")
        .section_by_name("xdp.frags")
        .expect("the program has a section")
        .file_range()
        .expect("with bytes in the file");
    let mut bytes = object().to_vec();
    // `r0 = *(u64 *)(r9 + 0)` (RFC 9669, 5.3).
    let start = usize::try_from(offset).expect("it is in memory");
    bytes[start..start + 8].copy_from_slice(&[0x79, 0x90, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn a_program_that_the_verifier_refuses_is_shown_with_the_end_of_its_log() {
    let mut options = small();
    options.object = Some(spoiled().into());
    let error = Datapath::load(&options).unwrap_err();
    let LoadError::Rejected {
        log, instructions, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert!(log.iter().any(|line| line == "R9 !read_ok"), "{log:?}");
    let instructions = instructions.expect("the log ends with them");
    // Before Linux 6.8 it looks at the program's functions first.
    if kernel::version() >= (6, 8) {
        assert_eq!(instructions, 1);
    }
    let message = error.to_string();
    let expected = format!("the kernel refused the XDP program after {instructions} instructions");
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn what_is_no_object_of_ours_is_refused() {
    let mut options = small();
    options.object = Some(b"\x7fELF, but not really".as_slice().into());
    assert!(matches!(
        Datapath::load(&options).unwrap_err(),
        LoadError::Object(_)
    ));
}
