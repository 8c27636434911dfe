//! A program of another kind: one array takes programs of one kind only, so that none of the one goes on to one of the other.

use xiot_agent::datapath;

/// The program that is built in, declared to take frames of one buffer only, as one for a kernel before Linux 5.18 would be.
///
/// # Panics
/// Where the object is built in another way.
pub fn one_buffer() -> Vec<u8> {
    // The section's name: among those of sections, as the end of that of its relocations, and in the description of types.
    const NAME: &[u8] = b"xdp.frags\0";
    let mut object = datapath::object().to_vec();
    let names: Vec<_> = (0..object.len())
        .filter(|&at| object[at..].starts_with(NAME))
        .collect();
    assert_eq!(names.len(), 2, "the section has its name in two places");
    for name in names {
        object[name + b"xdp".len()] = 0;
    }
    object
}
