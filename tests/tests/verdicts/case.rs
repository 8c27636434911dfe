//! The shape of the table.

use xiot_agent::{
    model::{
        gateway::Wire,
        guard::{Guards, Level},
        policy::Policy,
    },
    oracle::{Fate, Limits, Router, RouterPort, Side},
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    decide::Decide,
    frame::{Body, Frame, Mac},
    judged::Judged,
    net::routes::port_of,
    shot::{Shot, from_device, from_uplink},
    verdict::Verdict,
    ward,
};

/// Room for flows in most cases.
pub(crate) const MANY_FLOWS: usize = 1024;
/// Room for flows where it runs out.
pub(crate) const FEW_FLOWS: usize = 2;

/// Flows that may be opened in one second where they run out.
pub(crate) const FEW_NEW_FLOWS: u32 = 3;

/// Group frames of one sender in one second where they run out.
pub(crate) const FEW_GROUP_FRAMES: u32 = 2;

/// Frames in order, each with its verdict.
#[derive(Clone)]
pub(crate) struct Case {
    /// What it shows, as a sentence.
    pub(crate) name: &'static str,
    /// The policy at first, and those that are put in force later.
    pub(crate) policies: Vec<Policy>,
    /// The wires at first, and those that are put in force later.
    pub(crate) wirings: Vec<Vec<Wire>>,
    /// The wires are segments of this one.
    pub(crate) router: Option<Router>,
    pub(crate) instance: Instance,
    pub(crate) steps: Vec<Step>,
}

/// What a case needs of the program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Instance {
    /// Room for everything.
    Roomy,
    /// [`FEW_FLOWS`].
    FewFlows,
    /// [`FEW_NEW_FLOWS`] on one CPU, and one less for devices that are not listed.
    FewNewFlows,
    /// [`FEW_GROUP_FRAMES`] of one sender, and one more on one port.
    FewGroupFrames,
}

impl Instance {
    pub(crate) fn limits(self) -> Limits {
        match self {
            Self::Roomy => Limits {
                flows: MANY_FLOWS,
                ..Limits::default()
            },
            Self::FewFlows => Limits {
                flows: FEW_FLOWS,
                ..Limits::default()
            },
            Self::FewNewFlows => Limits {
                flows: MANY_FLOWS,
                new_flows_per_cpu: FEW_NEW_FLOWS,
                new_flows_unlisted: FEW_NEW_FLOWS - 1,
                ..Limits::default()
            },
            Self::FewGroupFrames => Limits {
                flows: MANY_FLOWS,
                group_frames_per_sender: FEW_GROUP_FRAMES,
                group_frames_per_port: FEW_GROUP_FRAMES + 1,
                ..Limits::default()
            },
        }
    }
}

/// What happens beside frames.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The next policy is put in force.
    Swap,
    /// The next guards are put in force.
    Rewire,
    /// Another epoch begins.
    Touch,
    /// A grace period of so many seconds begins.
    Grace(u32),
    /// Something is decided of a device.
    Decide(Decide),
    /// The wall clock is set to this second.
    Clock(u32),
}

#[derive(Clone)]
pub(crate) struct Step {
    /// What happens before the frame.
    pub(crate) event: Option<Event>,
    pub(crate) shot: Shot,
    /// When it comes; at once if that is over.
    pub(crate) second: u32,
    pub(crate) expected: Judged,
    /// Before it was built, on a router.
    sent: Option<Frame>,
}

pub(crate) fn case(name: &'static str, steps: impl Into<Vec<Step>>) -> Case {
    let mut steps = steps.into();
    let mut now = 0;
    for step in &mut steps {
        step.shot.after = step.second.saturating_sub(now);
        now = now.max(step.second);
    }
    Case {
        name,
        policies: vec![ward::policy()],
        wirings: vec![ward::wires()],
        router: None,
        instance: Instance::Roomy,
        steps,
    }
}

impl Case {
    pub(crate) fn under(self, policy: Policy) -> Self {
        Self {
            policies: vec![policy],
            ..self
        }
    }

    /// With a policy that an [`Event::Swap`] puts in force.
    pub(crate) fn then(mut self, policy: Policy) -> Self {
        self.policies.push(policy);
        self
    }

    /// On wires with all guards at this level.
    pub(crate) fn guarded(self, level: Level) -> Self {
        self.behind(Guards::all(level))
    }

    /// On wires with these guards.
    pub(crate) fn behind(self, guards: Guards) -> Self {
        self.on(with_guards(guards))
    }

    /// On these wires.
    pub(crate) fn on(self, wires: Vec<Wire>) -> Self {
        Self {
            wirings: vec![wires],
            ..self
        }
    }

    /// With guards that an [`Event::Rewire`] puts in force.
    pub(crate) fn then_behind(mut self, guards: Guards) -> Self {
        self.wirings.push(with_guards(guards));
        self
    }

    pub(crate) fn with_few_group_frames(self) -> Self {
        Self {
            instance: Instance::FewGroupFrames,
            ..self
        }
    }

    pub(crate) fn with_few_flows(self) -> Self {
        Self {
            instance: Instance::FewFlows,
            ..self
        }
    }

    pub(crate) fn with_few_new_flows(self) -> Self {
        Self {
            instance: Instance::FewNewFlows,
            ..self
        }
    }
}

/// The wires with these guards.
fn with_guards(guards: Guards) -> Vec<Wire> {
    let mut wires = ward::wires();
    for wire in &mut wires {
        wire.guards = guards;
    }
    wires
}

/// A frame from the device side, and why it is forwarded or dropped in mode enforce.
pub(crate) fn device(frame: &Frame, reason: Reason) -> Step {
    step(from_device(frame), reason)
}

/// The same from the uplink.
pub(crate) fn uplink(frame: &Frame, reason: Reason) -> Step {
    step(from_uplink(frame), reason)
}

/// The same from bytes.
pub(crate) fn device_bytes(frame: Vec<u8>, reason: Reason) -> Step {
    step(
        Shot {
            after: 0,
            wire: 0,
            side: Side::Device,
            frame,
        },
        reason,
    )
}

/// A frame that comes in by a port of the router.
pub(crate) fn routed(port: RouterPort, frame: &Frame, reason: Reason) -> Step {
    let (side, number) = match port {
        RouterPort::Segment(wire) => (Side::Device, wire),
        RouterPort::Uplink(number) => (Side::Uplink, number),
    };
    let shot = Shot {
        after: 0,
        wire: u16::try_from(number).expect("few ports"),
        side,
        frame: frame.build(),
    };
    let mut step = step(shot, reason);
    step.expected.fate = Some(Fate::Dropped);
    step.sent = Some(frame.clone());
    step
}

fn step(shot: Shot, reason: Reason) -> Step {
    Step {
        event: None,
        shot,
        second: 0,
        expected: Judged::on_wire(verdict(reason)),
        sent: None,
    }
}

/// In mode enforce.
fn verdict(reason: Reason) -> Verdict {
    Verdict {
        reason,
        dropped: reason.class() != Class::Allowed,
        rule: 0,
        device: 0,
        flow_hit: false,
    }
}

impl Step {
    /// The last verdict so far.
    fn verdict(&mut self) -> &mut Verdict {
        let last = self.expected.verdicts.last_mut();
        last.expect("one verdict at least")
    }

    pub(crate) fn by_rule(mut self, rule: u32) -> Self {
        self.verdict().rule = rule;
        self
    }

    pub(crate) fn of_device(mut self, device: u32) -> Self {
        self.verdict().device = device;
        self
    }

    /// Something happens before it.
    pub(crate) fn after(mut self, event: Event) -> Self {
        self.event = Some(event);
        self
    }

    pub(crate) fn by_flow(mut self) -> Self {
        self.verdict().flow_hit = true;
        self
    }

    /// Refused in every mode.
    pub(crate) fn dropped(mut self) -> Self {
        self.verdict().dropped = true;
        self
    }

    /// Denied, but the mode lets it through.
    pub(crate) fn forwarded(mut self) -> Self {
        self.verdict().dropped = false;
        self
    }

    pub(crate) fn at(mut self, second: u32) -> Self {
        self.second = second;
        self
    }

    /// The receiver's verdict, after the sender's.
    pub(crate) fn then(mut self, reason: Reason) -> Self {
        self.expected.verdicts.push(verdict(reason));
        self
    }

    /// With other bytes than the builder makes.
    pub(crate) fn built(mut self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Self {
        self.shot.frame = change(self.shot.frame);
        self
    }

    /// The kernel's stack gets it.
    pub(crate) fn by_stack(mut self) -> Self {
        self.expected.fate = Some(Fate::Stack);
        self
    }

    /// It leaves by this port for this MAC.
    pub(crate) fn out(mut self, port: RouterPort, to: Mac) -> Self {
        let mut frame = self.sent.clone().expect("a routed frame");
        (frame.source, frame.destination) = (port_of(port).mac, to);
        if let Body::Ip(ip) = &mut frame.body {
            ip.hop_limit -= 1;
        }
        self.expected.fate = Some(Fate::Out(port, frame.build()));
        self
    }
}
