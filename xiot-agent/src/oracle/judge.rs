//! The order of judgement: flow, device, services, policy, and what a verdict leaves behind.

use xiot_common::reason::{Class, Reason};

use super::{
    Oracle, Outcome, Side,
    flow::{Flow, Full, State, Turn, idle_timeout},
    frame::{Content, Echo, Fragment, Frame, Packet, TcpFlags, Transport},
    owner::Owner,
    rules,
    service::Services,
};
use crate::model::policy::Mode;

/// Where and when a frame came in.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    side: Side,
    wire: usize,
    now: u64,
}

/// Why a frame may pass that no flow answers for.
enum Grant {
    Service,
    Rule(u32),
}

/// What the flow of a frame's conversation says.
enum Answer {
    /// The verdict.
    Final(Outcome),
    /// There is none, or it has nothing to say.
    Silent,
    /// A SYN: judge it as a new conversation. The flow gives way to it if this says so.
    JudgeAgain { gives_way: bool },
}

impl Oracle<'_> {
    pub(super) fn judge_parsed(
        &mut self,
        side: Side,
        wire: usize,
        frame: &Frame,
        now: u64,
    ) -> Outcome {
        let arrival = Arrival { side, wire, now };
        let owner = Owner::of(self.policy, side, frame);
        let turn = match &frame.content {
            Content::Ip(packet) => Turn::of(side, wire, frame, packet).map(|turn| (turn, packet)),
            Content::Arp | Content::Other => None,
        };
        let answer = match &turn {
            Some((turn, packet)) => self.ask_flow(arrival, owner, turn, packet),
            None => Answer::Silent,
        };
        let is_known = match answer {
            Answer::Final(outcome) => return outcome,
            Answer::Silent => None,
            Answer::JudgeAgain { gives_way } => Some(gives_way),
        };
        match self.judge_anew(arrival, owner, frame) {
            Ok(Grant::Service) => self.outcome(owner, Reason::AllowedService, None),
            Ok(Grant::Rule(rule)) => {
                if let Some((turn, packet)) = &turn
                    && is_known != Some(false)
                    && opens_flow(packet)
                {
                    let flow = self.new_flow(arrival, owner, turn, first_state(packet));
                    let flow = Flow {
                        rule: Some(rule),
                        ..flow
                    };
                    if self.remember(turn, flow, now).is_err() {
                        return self.outcome(owner, Reason::FlowTableFull, None);
                    }
                }
                self.outcome(owner, Reason::AllowedRule, Some(rule))
            }
            Err(reason) => {
                if let Some((turn, packet)) = &turn
                    && is_known.is_none()
                    && owner.mode(self.policy) != Mode::Enforce
                    && let Some(state) = would_drop_state(reason, packet)
                {
                    let flow = self.new_flow(arrival, owner, turn, state);
                    // Without room the frame still has its own reason.
                    let _full = self.remember(turn, Flow { reason, ..flow }, now).err();
                }
                self.outcome(owner, reason, None)
            }
        }
    }

    /// Section 2.
    fn ask_flow(&mut self, arrival: Arrival, owner: Owner, turn: &Turn, packet: &Packet) -> Answer {
        let Some(flow) = self.flows.live(&turn.conversation, arrival.now) else {
            return Answer::Silent;
        };
        let from_initiator = turn.source == flow.initiator;
        let next = match packet.transport {
            Transport::Tcp { flags, .. } if flags.is_pure_syn() => {
                if flow.state != State::Handshake || !from_initiator {
                    return Answer::JudgeAgain {
                        gives_way: !is_established(flow.state)
                            || flow.reason != Reason::AllowedFlow,
                    };
                }
                Some(State::Handshake)
            }
            Transport::Tcp { flags, .. } => next_tcp_state(flow.state, flags, from_initiator),
            Transport::Icmp {
                echo: Echo::Request(_),
                ..
            } if !from_initiator => return Answer::Silent,
            Transport::Icmp {
                echo: Echo::Reply(_),
                ..
            } if from_initiator => return Answer::Silent,
            Transport::Icmp { .. } | Transport::Udp { .. } | Transport::Portless => {
                Some(if from_initiator {
                    flow.state
                } else {
                    State::Replied
                })
            }
        };
        let Some(state) = next else {
            return Answer::Final(self.outcome(owner, Reason::TcpBadState, None));
        };
        flow.advance(state, packet.protocol);
        flow.last_frame = arrival.now;
        Answer::Final(Outcome {
            reason: flow.reason,
            dropped: false,
            rule: flow.rule,
            device: flow.device,
            flow_hit: true,
            mode: owner.mode(self.policy),
        })
    }

    /// Sections 3 to 5, as if there were no flow.
    fn judge_anew(&self, arrival: Arrival, owner: Owner, frame: &Frame) -> Result<Grant, Reason> {
        let policy = self.policy;
        let device = owner.device().map(|device| &policy.devices[device]);
        if let Some(wanted) = device.and_then(|device| device.wire.as_ref())
            && *wanted != self.wires[arrival.wire]
        {
            return Err(Reason::WrongWire);
        }
        let profile = match owner {
            Owner::Nobody => None,
            Owner::Listed(_) | Owner::Unlisted => {
                let profile = owner.profile(policy).ok_or(Reason::UnknownDevice)?;
                Some(&policy.profiles[profile])
            }
        };
        let services = profile.map_or_else(|| Services::of_all(&policy.profiles), Services::of);
        let packet = match &frame.content {
            Content::Arp if services.arp => return Ok(Grant::Service),
            Content::Arp if profile.is_none() => return Err(Reason::GroupDenied),
            Content::Arp => return Err(Reason::ServiceDenied),
            Content::Other => return Err(Reason::EthertypeDenied),
            Content::Ip(packet) => packet,
        };
        if packet.fragment == Fragment::Later {
            return Err(Reason::FragmentUntracked);
        }
        if services.allow(arrival.side, packet, policy) {
            return Ok(Grant::Service);
        }
        let profile = profile.ok_or(Reason::GroupDenied)?;
        if device.is_some_and(|device| !rules::is_bound(device, arrival.side, packet)) {
            return Err(Reason::AddressNotBound);
        }
        match packet.transport {
            Transport::Tcp { flags, .. } if !flags.is_pure_syn() => Err(Reason::TcpNoFlow),
            Transport::Icmp {
                echo: Echo::Reply(_),
                ..
            } => Err(Reason::IcmpNoFlow),
            Transport::Tcp { .. }
            | Transport::Udp { .. }
            | Transport::Icmp { .. }
            | Transport::Portless => rules::judge(profile, arrival.side, packet).map(Grant::Rule),
        }
    }

    fn new_flow(&self, arrival: Arrival, owner: Owner, turn: &Turn, state: State) -> Flow {
        let timeouts = owner.timeouts(self.policy);
        let conversation = &turn.conversation;
        Flow {
            device: owner.device(),
            timeouts,
            initiator: turn.source,
            state,
            idle_timeout: idle_timeout(
                &timeouts,
                state,
                conversation.protocol,
                turn.source.address,
            ),
            last_frame: arrival.now,
            rule: None,
            reason: Reason::AllowedFlow,
        }
    }

    fn remember(&mut self, turn: &Turn, flow: Flow, now: u64) -> Result<(), Full> {
        if turn.has_unspecified_end() {
            return Ok(());
        }
        self.flows.put(turn.conversation, flow, now)
    }

    fn outcome(&self, owner: Owner, reason: Reason, rule: Option<u32>) -> Outcome {
        let mode = owner.mode(self.policy);
        Outcome {
            reason,
            dropped: match reason.class() {
                Class::Allowed => false,
                Class::Denied => mode == Mode::Enforce,
                Class::Malformed | Class::Gateway => true,
            },
            rule,
            device: owner.device(),
            flow_hit: false,
            mode,
        }
    }
}

/// The state after a segment that is not a pure SYN; none where it cannot come now.
fn next_tcp_state(state: State, flags: TcpFlags, from_initiator: bool) -> Option<State> {
    if flags.rst {
        return Some(State::Closing);
    }
    match (state, from_initiator) {
        (State::Handshake, true) => None,
        (State::Handshake, false) if flags.syn => Some(State::Established),
        (State::Established, true) if flags.fin => Some(State::InitiatorDone),
        (State::Established, false) if flags.fin => Some(State::ResponderDone),
        (State::InitiatorDone, false) | (State::ResponderDone, true) if flags.fin => {
            Some(State::Closing)
        }
        (unchanged, _) => Some(unchanged),
    }
}

/// Answered, and not ended by both sides.
fn is_established(state: State) -> bool {
    matches!(
        state,
        State::Established | State::InitiatorDone | State::ResponderDone
    )
}

/// Whether a packet that a rule allows makes a flow.
fn opens_flow(packet: &Packet) -> bool {
    match packet.transport {
        Transport::Tcp { flags, .. } => flags.is_pure_syn(),
        Transport::Udp { .. } | Transport::Portless => true,
        Transport::Icmp { echo, .. } => matches!(echo, Echo::Request(_)),
    }
}

fn first_state(packet: &Packet) -> State {
    match packet.transport {
        Transport::Tcp { .. } => State::Handshake,
        Transport::Udp { .. } | Transport::Icmp { .. } | Transport::Portless => State::Unreplied,
    }
}

/// The state of the flow that a packet makes which is denied but not dropped; none where it makes none.
fn would_drop_state(reason: Reason, packet: &Packet) -> Option<State> {
    let leaves_flow = matches!(
        reason,
        Reason::UnknownDevice
            | Reason::WrongWire
            | Reason::AddressNotBound
            | Reason::NoPeer
            | Reason::NoProtocol
            | Reason::NoPort
            | Reason::WrongDirection
            | Reason::TcpNoFlow
    );
    if !leaves_flow {
        return None;
    }
    match packet.transport {
        Transport::Tcp { flags, .. } if !flags.is_pure_syn() => {
            (!flags.rst).then_some(State::Established)
        }
        Transport::Tcp { .. }
        | Transport::Udp { .. }
        | Transport::Icmp { .. }
        | Transport::Portless => opens_flow(packet).then(|| first_state(packet)),
    }
}
