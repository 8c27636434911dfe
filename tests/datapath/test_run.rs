//! Test runs: verdicts come back, instances don't share anything.

use std::time::Instant;

use xiot_agent::datapath::{Datapath, TestRunError};
use xiot_common::{device::Mode, port::Side, reason::Reason};

use crate::image::{nobody_listed, small, udp};

#[test]
fn without_a_policy_everything_is_dropped() {
    let mut datapath = Datapath::load(&small()).unwrap();
    for side in [Side::Device, Side::Uplink] {
        let outcome = datapath.test_run(side, &udp()).unwrap();
        assert_eq!(outcome.action, 1);
        assert_eq!(outcome.trace.reason, Reason::NoPolicy as u8);
        assert_eq!(outcome.data, udp());
    }
}

#[test]
fn flows_are_made_and_forgotten() {
    let mut datapath = Datapath::load(&small()).unwrap();
    datapath.apply(&nobody_listed(Mode::Learn, 1)).unwrap();
    let flows = datapath.flow_sets().unwrap();
    let mut frame = udp();
    for port in 0..100 {
        frame[35] = port;
        let outcome = datapath.test_run(Side::Device, &frame).unwrap();
        assert_eq!(outcome.trace.reason, Reason::UnknownDevice as u8);
        assert_eq!((outcome.action, outcome.trace.dropped), (4, 0));
        let again = datapath.test_run(Side::Device, &frame).unwrap();
        assert_eq!(again.trace.flow_hit, 1);
    }
    assert_eq!(flows.flows().count(), 100);
    datapath.clear_flows().unwrap();
    assert_eq!(flows.flows().count(), 0);
}

#[test]
fn runs_are_timed() {
    let mut datapath = Datapath::load(&small()).unwrap();
    datapath.apply(&nobody_listed(Mode::Learn, 1)).unwrap();
    let started = Instant::now();
    let mean = datapath.time(Side::Device, &udp(), 10_000).unwrap();
    let total = mean * 10_000;
    assert!(!total.is_zero() && total <= started.elapsed(), "{mean:?}");
}

#[test]
fn frames_that_the_kernel_does_not_run_are_refused() {
    let mut datapath = Datapath::load(&small()).unwrap();
    assert!(matches!(
        datapath.test_run(Side::Device, &[0; 13]).unwrap_err(),
        TestRunError::TooShort { length: 13 }
    ));
    assert!(matches!(
        datapath
            .test_run(Side::Device, &vec![0; 100_000])
            .unwrap_err(),
        TestRunError::Run(_)
    ));
    let outcome = datapath.test_run(Side::Device, &[0; 14]).unwrap();
    assert_eq!(outcome.trace.reason, Reason::NoPolicy as u8);
}

#[test]
fn an_instance_without_trace_does_not_pretend() {
    let mut options = small();
    options.trace = false;
    let mut datapath = Datapath::load(&options).unwrap();
    assert!(matches!(
        datapath.test_run(Side::Device, &udp()).unwrap_err(),
        TestRunError::NotTraced
    ));
}
