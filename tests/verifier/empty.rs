//! The limit: an XDP program of two instructions.

use std::{io, time::Duration};

const PROG_LOAD: libc::c_long = 5;
const PROG_TEST_RUN: libc::c_long = 10;
const PROG_TYPE_XDP: u32 = 6;

/// `r0 = XDP_DROP; exit`.
const INSTRUCTIONS: [u64; 2] = [0x0000_0001_0000_00b7, 0x95];

#[repr(C)]
#[derive(Default)]
struct Load {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    rest: [u64; 16],
}

#[repr(C)]
#[derive(Default)]
struct TestRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    rest: [u64; 8],
}

/// The program, loaded.
pub(crate) struct Empty {
    fd: u32,
}

impl Empty {
    /// Loads it.
    pub(crate) fn load() -> Self {
        let mut attributes = Load {
            prog_type: PROG_TYPE_XDP,
            insn_cnt: 2,
            insns: INSTRUCTIONS.as_ptr() as u64,
            license: c"GPL".as_ptr() as u64,
            ..Load::default()
        };
        let fd = bpf(PROG_LOAD, &mut attributes);
        Self {
            fd: u32::try_from(fd).expect("a descriptor"),
        }
    }

    /// Mean time of `repeat` runs over the frame.
    pub(crate) fn time(&self, frame: &[u8], repeat: u32) -> Duration {
        let mut attributes = TestRun {
            prog_fd: self.fd,
            data_size_in: u32::try_from(frame.len()).expect("a frame"),
            data_in: frame.as_ptr() as u64,
            repeat,
            ..TestRun::default()
        };
        bpf(PROG_TEST_RUN, &mut attributes);
        Duration::from_nanos(attributes.duration.into())
    }
}

fn bpf<T>(command: libc::c_long, attributes: &mut T) -> libc::c_long {
    // SAFETY: the attributes are as large as stated and outlive the call, and so do the buffers they point to.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_mut(attributes),
            size_of::<T>(),
        )
    };
    assert!(result >= 0, "bpf: {}", io::Error::last_os_error());
    result
}
