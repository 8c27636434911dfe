//! How much may begin in one second.

use xiot_agent::model::policy::{Limits, Mode, Policy};
use xiot_common::reason::Reason::{
    AllowedFlow, AllowedRule, FlowBudgetCpu, FlowBudgetDevice, NoPort, UnknownDevice,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{self, PUMP, ROUTER, STRANGER, WATCHED},
};

use crate::{
    case::{Case, case, device, uplink},
    flows::{goes_on, opened},
};

fn frugal() -> Policy {
    let mut policy = ward::policy();
    policy.profiles[0].limits = Limits {
        new_flows: 2,
        ..Limits::default()
    };
    policy
}

fn log(port: u16) -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(port, 514)
}

fn called(port: u16) -> Frame {
    frame(ROUTER, PUMP)
        .ip("10.0.9.9", "10.0.0.11")
        .tcp(port, 22, SYN)
}

pub(crate) fn cases() -> Vec<Case> {
    let watched = |port, service| {
        frame(WATCHED, ROUTER)
            .ip("10.0.0.12", "10.0.4.1")
            .udp(port, service)
    };
    let stranger = |port| {
        device(
            &frame(STRANGER, ROUTER)
                .ip("10.0.0.99", "10.0.4.1")
                .udp(port, 514),
            UnknownDevice,
        )
        .forwarded()
    };
    vec![
        case(
            "a device opens only so many conversations in a second",
            [
                opened(&log(1), 3),
                opened(&log(2), 3),
                device(&log(3), FlowBudgetDevice).of_device(1),
                goes_on(device(&log(1), AllowedFlow), 3),
                goes_on(uplink(&log(2).reply(), AllowedFlow), 3),
                opened(&log(3), 3).at(1),
            ],
        )
        .under(frugal()),
        case(
            "what peers open to a device is counted apart",
            [
                opened(&log(1), 3),
                opened(&log(2), 3),
                uplink(&called(1), AllowedRule).by_rule(2).of_device(1),
                uplink(&called(2), AllowedRule).by_rule(2).of_device(1),
                uplink(&called(3), FlowBudgetDevice).of_device(1),
                device(&log(3), FlowBudgetDevice).of_device(1),
            ],
        )
        .under(frugal()),
        case(
            "each device has its own",
            [
                opened(&log(1), 3),
                opened(&log(2), 3),
                device(&log(3), FlowBudgetDevice).of_device(1),
                device(&watched(1, 514), AllowedRule)
                    .by_rule(3)
                    .of_device(2),
            ],
        )
        .under(frugal()),
        case(
            "what is not enforced is forwarded without a conversation",
            [
                device(&watched(1, 514), AllowedRule)
                    .by_rule(3)
                    .of_device(2),
                device(&watched(2, 514), AllowedRule)
                    .by_rule(3)
                    .of_device(2),
                device(&watched(3, 514), FlowBudgetDevice)
                    .of_device(2)
                    .forwarded(),
                device(&watched(4, 515), NoPort).of_device(2).forwarded(),
                device(&watched(4, 515), NoPort).of_device(2).forwarded(),
            ],
        )
        .under(frugal()),
        case(
            "devices that are not listed share theirs",
            [
                stranger(1),
                stranger(2),
                stranger(3),
                stranger(3),
                stranger(2).by_flow(),
            ],
        )
        .under(ward::onboarding(Mode::Learn))
        .with_few_new_flows(),
        case(
            "the gateway takes on only so many conversations in a second",
            [
                opened(&log(1), 3),
                opened(&log(2), 3),
                opened(&log(3), 3),
                device(&log(4), FlowBudgetCpu).of_device(1),
                goes_on(device(&log(1), AllowedFlow), 3),
                opened(&log(4), 3).at(1),
            ],
        )
        .with_few_new_flows(),
    ]
}
