//! `explain`: what becomes of a conversation, and why.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{ArgGroup, ValueEnum};
use xiot_common::guard::WireGuards;

use super::{
    Socket, client,
    exit::{Exit, Failure, OrExit as _, Outcome},
    findings, output,
};
use crate::{
    api::{
        self,
        wire::{Answer, Ask, Explanation, Leg, Query, Verdict},
    },
    compile::{self, Assignment, Limits},
    datapath::LoadError,
    model::policy::Policy,
    service::{
        clock::Now,
        explain::{self, ExplainError, Program, ProgramError, Reference},
        files::{self, Files, Unusable},
        guards,
        names::Names,
    },
};

/// Explain what becomes of a conversation: verdict, reason, rule with file and line, or the nearest miss.
///
/// With --policy the files are asked, without it the running agent. Either way the XDP program itself judges the
/// opening frame, on a scratch instance: nothing is counted and no flow is made. Where the kernel may not be asked, the
/// reference evaluator judges, and the answer says so.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("subject").required(true).args(["device", "mac"])))]
#[command(group(ArgGroup::new("direction").required(true).args(["to", "from"])))]
#[command(after_help = "Examples:\n  \
    xiot-agent explain --device pump-icu-12 --to pump-server tcp 3613\n  \
    xiot-agent explain --policy policy.yaml --device pump-icu-12 --from 10.40.0.9 tcp 22\n  \
    xiot-agent explain --mac 00:03:b1:00:00:12 --to 10.30.0.1 icmp echo-request\n  \
    xiot-agent explain --device pump-icu-12 --from biomed tcp 22 --at 2027-01-31T03:00")]
pub(super) struct Args {
    /// The device, by its name in the policy.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// The device, by its MAC, listed or not.
    #[arg(long)]
    mac: Option<String>,
    /// The device opens the conversation with this peer: a device, a peer set, an address, or a DNS name that the device was told.
    #[arg(long, value_name = "PEER")]
    to: Option<String>,
    /// This peer opens the conversation with the device.
    #[arg(long, value_name = "PEER")]
    from: Option<String>,
    /// tcp, udp, icmp, icmpv6, another protocol's name, or a number.
    protocol: String,
    /// Port of the responder; for ICMP the type, as a name, 8 or 3/4.
    port: Option<String>,
    /// VLAN of the frames: 30, 100.30 or untagged; the device's if not given.
    #[arg(long)]
    vlan: Option<String>,
    /// Wire the frames come in on; the device's, or else the first, if not given.
    #[arg(long)]
    wire: Option<String>,
    /// The device's own address; one of those bound to it if not given.
    #[arg(long)]
    address: Option<IpAddr>,
    /// When, for rules with times: 2027-01-31T18:00Z, or in the policy's time zone 2027-01-31T18:00; now if not given.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Ask this policy file instead of the running agent.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Gateway file that goes with the policy: names the wires.
    #[arg(long, value_name = "FILE", requires = "policy")]
    gateway: Option<PathBuf>,
    /// Who judges when files are asked.
    #[arg(long, value_enum, default_value_t, requires = "policy")]
    judge: Judge,
    #[command(flatten)]
    socket: Socket,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Judge {
    /// The program where the kernel lets us, else the oracle.
    #[default]
    Auto,
    /// The XDP program.
    Program,
    /// The reference evaluator.
    Oracle,
}

pub(super) fn run(args: Args) -> Outcome {
    let (initiator, peer) = match (args.to, args.from) {
        (Some(peer), _) => ("device", peer),
        (None, peer) => ("peer", peer.unwrap_or_default()),
    };
    let query = Query {
        device: args.device,
        mac: args.mac,
        initiator: initiator.to_owned(),
        peer,
        protocol: args.protocol,
        port: args.port,
        vlan: args.vlan,
        wire: args.wire,
        address: args.address,
        at: args.at,
    };
    let explanation = match args.policy {
        Some(policy) => match offline(&policy, args.gateway.as_deref(), args.judge, query)? {
            Some(explanation) => explanation,
            None => return Ok(Exit::Findings),
        },
        None => client::one(&args.socket.socket, Ask::Explain(query), |answer| {
            if let Answer::Explanation(explanation) = answer {
                Some(*explanation)
            } else {
                None
            }
        })?,
    };
    if args.json {
        output::print_json(&explanation)?;
    } else {
        output::print(&render(&explanation))?;
    }
    Ok(Exit::Success)
}

/// Asks the files; none if they have errors, which are printed then.
fn offline(
    policy: &Path,
    gateway: Option<&Path>,
    judge: Judge,
    query: Query,
) -> Result<Option<Explanation>, Failure> {
    let query = api::query(query).or_exit(Exit::Usage)?;
    let Some(source) = read(policy, gateway)? else {
        return Ok(None);
    };
    let names = Names::new(source.policy, source.wires, Arc::clone(&source.ids));
    let program = match judge {
        Judge::Oracle => None,
        Judge::Program | Judge::Auto => {
            Some(Program::new(&source.image, &source.ids, source.guards))
        }
    };
    let mut note = None;
    let explanation = match program {
        Some(Ok(mut program)) => explain::explain(&names, &query, &mut program),
        Some(Err(error)) if judge == Judge::Program => {
            let exit = match &error {
                ProgramError::Load(LoadError::Privileges { .. }) => Exit::NotPermitted,
                ProgramError::Load(_) | ProgramError::Apply(_) | ProgramError::Maps(_) => {
                    Exit::Rejected
                }
            };
            return Err(error).or_exit(exit);
        }
        unavailable => {
            if let Some(Err(error)) = unavailable {
                let error = super::sentence(&error.into());
                note = Some(format!(
                    "the XDP program could not be asked, the reference evaluator judged instead ({error})"
                ));
            }
            let mut reference = Reference::new(names.policy(), names.wires());
            explain::explain(&names, &query, &mut reference)
        }
    };
    let mut explanation = explanation.map_err(|error| Failure {
        exit: match &error {
            ExplainError::Query(_) => Exit::Usage,
            ExplainError::Judge(_) | ExplainError::Frame(_) => Exit::Failed,
        },
        error: error.into(),
    })?;
    explanation.notes.extend(note);
    Ok(Some(api::explanation(&explanation)))
}

struct Source {
    policy: Arc<Policy>,
    wires: Arc<[String]>,
    ids: Arc<Assignment>,
    image: Arc<compile::Image>,
    guards: Option<Vec<WireGuards>>,
}

fn read(policy: &Path, gateway: Option<&Path>) -> Result<Option<Source>, Failure> {
    let compiled_at = Now::read().epoch_nanos();
    if let Some(gateway) = gateway {
        let checked = files::check(gateway, policy, compiled_at).or_exit(Exit::Usage)?;
        return Ok(match checked.files {
            Ok(Files {
                gateway,
                policy,
                wires,
                ids,
                image,
                ..
            }) => Some(Source {
                policy,
                wires,
                ids,
                image,
                guards: guards::needed(&gateway),
            }),
            Err(Unusable::Errors | Unusable::Compile(_)) => {
                findings::print(&checked)?;
                None
            }
        });
    }
    let loaded = files::read_policy(policy).or_exit(Exit::Usage)?;
    let Some(policy) = loaded.value else {
        findings::print_one(&loaded.report)?;
        return Ok(None);
    };
    let wires = wires_of(&policy);
    let limits = Limits {
        slot_lines: u32::MAX,
        devices: u32::MAX,
        rules: u32::MAX,
    };
    let ids = Assignment::fresh(&policy);
    let image =
        compile::compile(&policy, &wires, &limits, &ids, 1, compiled_at).or_exit(Exit::Findings)?;
    Ok(Some(Source {
        policy: Arc::new(policy),
        wires: wires.into(),
        ids: Arc::new(ids),
        image: Arc::new(image),
        guards: None,
    }))
}

/// The wires that devices name; one without a name if none does: frames come in somewhere.
pub(super) fn wires_of(policy: &Policy) -> Vec<String> {
    let mut wires: Vec<String> = Vec::new();
    for wire in policy
        .devices
        .iter()
        .filter_map(|device| device.wire.as_ref())
    {
        if !wires.contains(wire) {
            wires.push(wire.clone());
        }
    }
    if wires.is_empty() {
        wires.push(String::new());
    }
    wires
}

pub(super) fn render(explanation: &Explanation) -> String {
    let mut lines = Vec::new();
    for leg in &explanation.legs {
        leg_lines(leg, &mut lines);
    }
    if explanation.legs.len() > 1 {
        lines.push(format!("all in all: {}", explanation.verdict.words()));
    }
    for note in &explanation.notes {
        lines.push(format!("note: {note}"));
    }
    lines.push(match explanation.judge.as_str() {
        "program" => format!(
            "judged by the XDP program on a scratch instance, policy {}",
            explanation.policy
        ),
        _ => format!(
            "judged by the reference evaluator, policy {}",
            explanation.policy
        ),
    });
    lines.join("\n") + "\n"
}

fn leg_lines(leg: &Leg, lines: &mut Vec<String>) {
    let port = leg
        .port
        .as_ref()
        .map(|port| format!(" {port}"))
        .unwrap_or_default();
    let verdict = match leg.verdict {
        Verdict::WouldDrop => format!("forwarded (would drop; mode {})", leg.mode),
        Verdict::Forwarded | Verdict::Dropped => leg.verdict.words().to_owned(),
    };
    lines.push(format!(
        "{verdict}: {} > {} {}{port}",
        leg.src, leg.dst, leg.protocol
    ));
    let profile = leg
        .profile
        .as_ref()
        .map_or_else(|| "no profile".to_owned(), |name| format!("profile {name}"));
    let vlan = match leg.vlan.as_str() {
        "untagged" => String::new(),
        vlan => format!(", VLAN {vlan}"),
    };
    let wire = leg
        .wire
        .as_ref()
        .map(|name| format!(" of wire {name}"))
        .unwrap_or_default();
    lines.push(format!(
        "  device: {} ({profile}, mode {}), {} side{wire}{vlan}",
        leg.device, leg.mode, leg.side
    ));
    lines.push(format!("  reason: {}. {}", leg.reason, leg.meaning));
    if let Some(rule) = &leg.rule {
        lines.push(format!(
            "  rule:   {}:{} {}",
            rule.file, rule.line, rule.label
        ));
    }
    for hint in &leg.hints {
        lines.push(format!("  near:   {hint}"));
    }
}
