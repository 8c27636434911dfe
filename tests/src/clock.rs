//! The clock that the program reads, and moments at which it stands still.

/// Nanoseconds by which the program's clock may be behind: it is only moved by the timer interrupt.
const LAG: u64 = 20_000_000;

/// Second of the program's clock, a moment after it last looked.
pub fn second() -> u32 {
    xiot_common::abi::seconds(nanoseconds())
}

/// Does something until it was done within one second of both of the program's clocks, and gives what the last time gave.
pub fn within_one_second<T>(mut act: impl FnMut() -> T) -> T {
    loop {
        let before = (xiot_common::abi::seconds(nanoseconds() - LAG), tai_second());
        let result = act();
        if before == (second(), tai_second()) {
            return result;
        }
    }
}

/// The earliest second in which the program may take itself to be now: it looks once a tick, and may look just before the tick
/// moves its clock on.
pub fn earliest_second() -> u64 {
    let now = read(libc::CLOCK_MONOTONIC_COARSE);
    xiot_common::abi::seconds(now.saturating_sub(LAG)).into()
}

/// Second that the program reads now, which is not the exact one (see [`xiot_common::abi::seconds`]).
pub fn coarse_second() -> u64 {
    xiot_common::abi::seconds(read(libc::CLOCK_MONOTONIC_COARSE)).into()
}

/// Second of the TAI clock, which the program's wall clock is made of.
pub fn tai_second() -> u32 {
    u32::try_from(read(libc::CLOCK_TAI) / 1_000_000_000).expect("before 2106")
}

fn nanoseconds() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec of ours.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(result, 0, "the clock is always there");
    let seconds = u64::try_from(time.tv_sec).expect("it starts at 0");
    let rest = u64::try_from(time.tv_nsec).expect("it is below a second");
    seconds * 1_000_000_000 + rest
}
