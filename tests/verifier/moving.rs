//! The programs that are at work for the instant of a takeover: those that move flows, with guards and router in, and the relay.

use aya::{EbpfLoader, programs::Xdp};
use xiot_agent::datapath;
use xiot_common::{config, map};

/// What they are called in the record, and in the object file.
const PROGRAMS: [(&str, &str); 5] = [
    ("moving", map::JUDGE),
    ("moving-entry", map::PROGRAM),
    ("moving-hop", map::HOP),
    ("mover", map::MOVER),
    ("relay", map::RELAY),
];

/// Instructions of each that the verifier looked at; none in a build with the program's log, which has others.
pub(crate) fn instructions() -> Vec<(&'static str, Option<u32>)> {
    if cfg!(feature = "bpf-log") {
        return Vec::new();
    }
    let mut ebpf = EbpfLoader::new()
        .btf(None)
        .override_global(config::GUARDS, &1_u32, true)
        .override_global(config::ROUTED, &1_u32, true)
        .override_global(config::MOVING, &1_u32, true)
        .load(datapath::object())
        .unwrap_or_else(|error| panic!("the object: {error}"));
    let count = |(name, program)| {
        let program: &mut Xdp = ebpf
            .program_mut(program)
            .unwrap_or_else(|| panic!("there is no {program}"))
            .try_into()
            .unwrap_or_else(|error| panic!("{program} is of another kind: {error}"));
        if let Err(error) = program.load() {
            panic!("{name}: {error}");
        }
        let info = program.info().ok();
        (
            name,
            info.and_then(|info| info.verified_instruction_count()),
        )
    };
    PROGRAMS.map(count).into()
}
