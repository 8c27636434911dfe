//! The binary as a file: one to copy, which needs libc and nothing else.

use std::fs;

use object::{File, Object as _, ObjectSection as _};

use crate::AGENT;

#[test]
fn the_binary_needs_libc_alone() {
    let bytes = fs::read(AGENT).unwrap();
    let file = File::parse(bytes.as_slice()).unwrap();
    // Names of shared libraries stand here, among those of the symbols that come from them.
    let names = file.section_by_name(".dynstr").unwrap();
    let libraries: Vec<_> = names
        .data()
        .unwrap()
        .split(|byte| *byte == 0)
        .map(|name| str::from_utf8(name).unwrap())
        .filter(|name| name.contains(".so"))
        .collect();
    let libc = |name: &&&str| name.starts_with("libc.so") || name.starts_with("ld-linux");
    assert!(libraries.iter().any(|name| name.starts_with("libc.so")));
    assert!(libraries.iter().all(|name| libc(&name)), "{libraries:?}");
}
