//! The way up and down: from checked files to a data path that enforces, and to handles on it.

use std::{borrow::Cow, sync::Arc};

use tokio::sync::broadcast;

use super::{
    auditor::Auditor,
    boot::Kept,
    clock::Now,
    faults::Faults,
    files::{Files, Seen},
    guards,
    handle::{Handle, Source as _, SourceError},
    keeper::Keeper,
    learner::{Learner, Pace},
    live::Live,
    names::router_uplink,
    reload::{self, Candidate, Change, Occasion},
    state::{Drop, Port, Status, Wire, words::hex},
    tend::tend,
};
use crate::{
    collect::{CopyStream, EventStream},
    datapath::{
        self, Anew, AttachMode, BringUpError, DetachError, Detached, Followed, MapAccessError,
        Plan, PortReport, RingError, UsedMode,
    },
    model::gateway::{FailMode, Gateway, XdpMode},
    store::{Author, Cause, Record, Summary, Text, Texts, audit::Event},
};

/// Drops that a follower may lag behind before it misses some.
const BACKLOG: usize = 1024;

/// The service could not be started; everything is as it was.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data path could not be brought up.
    #[error(transparent)]
    BringUp(#[from] BringUpError),
    /// Its maps can't be read.
    #[error("the maps of the XDP program can't be read")]
    Maps(#[from] MapAccessError),
    /// Its event ring can't be read.
    #[error("the event ring of the XDP program can't be read")]
    Ring(#[from] RingError),
}

/// How to start.
#[derive(Debug, Default)]
pub struct How {
    /// Not at all where conversations would begin anew.
    pub adopt: bool,
    /// By this program instead of the one that is built in.
    pub object: Option<Vec<u8>>,
    /// So many times as fast as the wall clock runs that of learning; 0 and 1: as the wall clock.
    pub pace: u32,
}

/// A data path that enforces, and what answers for it. Dropping it leaves enforcement in place.
#[derive(Debug)]
pub struct Service {
    live: Arc<Live>,
    streams: Option<(EventStream, CopyStream)>,
    drops: broadcast::Sender<Arc<Drop>>,
}

impl Service {
    /// Brings the data path up with these files in force, and with what others say meanwhile. Within a Tokio runtime.
    pub fn start(files: Files, texts: &Texts, kept: Kept, how: How) -> Result<Self, StartError> {
        let How {
            adopt,
            object,
            pace,
        } = how;
        let Kept {
            keeper,
            auditor,
            record,
            catch_up,
        } = kept;
        let mut plan = plan(&files.gateway);
        plan.adopt = adopt;
        plan.options.object = object.map(Cow::Owned);
        let (mut files, image) = (files.clone(), files.image);
        let known = record.is_some();
        let mut gateway = datapath::bring_up_after(&plan, &image, |kept| {
            let (after, fresh) = files.after(kept, known)?;
            files = after;
            let image = Arc::clone(&files.image);
            Ok(Followed { image, fresh })
        })?;
        match &gateway.report().anew {
            None => tracing::info!("Conversations, counters and what was observed go on."),
            Some(Anew::First) => {}
            Some(why) => {
                tracing::warn!("Conversations, counters and what was observed begin anew: {why}.")
            }
        }
        let faults = Arc::new(Faults::default());
        reload::make_ready(gateway.datapath_mut(), &files.image, &faults);
        reload::note(gateway.datapath_mut(), &files, &faults);
        for warning in &gateway.report().warnings {
            tracing::warn!("{warning}");
        }
        let learner = Learner::new(keeper.directory(), Pace::new(pace, Now::read()));
        match open(files, (keeper, auditor, learner), &gateway, faults) {
            Ok((live, streams)) => {
                let anew = gateway.report().anew.as_ref().map(ToString::to_string);
                live.hold(gateway);
                audit_start(&live, anew, record.as_ref());
                keep(&live, record, texts);
                catch_up_with(&live, catch_up);
                Ok(Self {
                    live: Arc::new(live),
                    streams: Some(streams),
                    drops: broadcast::channel(BACKLOG).0,
                })
            }
            Err(error) => {
                if let Err(down) = gateway.shut_down() {
                    tracing::error!(%down, "the XDP program could not be detached again");
                }
                Err(error)
            }
        }
    }

    /// A handle for surfaces.
    pub fn handle(&self) -> Handle {
        let live = Arc::clone(&self.live);
        Handle::new(live, self.drops.clone())
    }

    /// The gateway as a whole, right now.
    pub fn status(&self) -> Result<Status, SourceError> {
        self.live.status()
    }

    /// Takes events and sweeps flows until the future is dropped.
    pub async fn tend(&mut self) {
        #[cfg(feature = "bpf-log")]
        self.forward_log();
        if let Some(streams) = self.streams.take() {
            tend(Arc::clone(&self.live), streams, self.drops.clone()).await;
        }
    }

    /// What the program logs comes out with the agent's own log.
    #[cfg(feature = "bpf-log")]
    fn forward_log(&mut self) {
        let Some(forwarding) = self.live.with_datapath(datapath::Datapath::forward_log) else {
            return;
        };
        match forwarding {
            Ok(forwarding) => {
                tokio::spawn(async move {
                    let error = forwarding.await;
                    tracing::error!(%error, "the log of the XDP program is no longer shown");
                });
            }
            Err(error) => tracing::warn!(%error, "the log of the XDP program is not shown"),
        }
    }

    /// Leaves enforcement in place.
    pub fn leave(self) {
        self.live.write_learned();
        self.live
            .audit(Author::Agent, Event::Stop { attached: true });
    }

    /// Takes the data path down: frames are no longer judged, interfaces are as they were.
    pub fn stop(self) -> Result<Detached, DetachError> {
        self.live.write_learned();
        self.live
            .audit(Author::Agent, Event::Stop { attached: false });
        match self.live.release() {
            Some(gateway) => gateway.shut_down(),
            None => Ok(Detached::default()),
        }
    }
}

fn open(
    files: Files,
    kept: (Keeper, Auditor, Learner),
    gateway: &datapath::Gateway,
    faults: Arc<Faults>,
) -> Result<(Live, (EventStream, CopyStream)), StartError> {
    let wires = wires(&files.gateway, &gateway.report().ports);
    let live = Live::open(files, wires, kept, gateway, faults)?;
    let events = EventStream::open(gateway.datapath())?;
    let copies = CopyStream::open(gateway.datapath())?;
    Ok((live, (events, copies)))
}

/// Notes which revision is in force. It may be one under another number than that which the agent began with: what the kernel had came first.
fn keep(live: &Live, record: Option<Record>, texts: &Texts) {
    let files = live.files();
    let header = &files.image.header;
    let mut keeper = live.keeper();
    // Of files as they were read: what was changed since is a change.
    let seen = record
        .as_ref()
        .map_or_else(|| Seen::of(texts).0, |record| record.seen.clone());
    let known = record.filter(|record| record.number == header.revision);
    let kept = match known {
        Some(record) if record.applied.is_some() => {
            let image = hex(&header.digest);
            keeper.goes_on(Record { image, ..record })
        }
        Some(record) => keeper.applied(record, None),
        None => {
            let record = Record {
                number: header.revision,
                written: Now::read().wall,
                applied: None,
                cause: Cause::Start,
                author: Author::Agent,
                reason: None,
                image: hex(&header.digest),
                compiled_at: header.compiled_at,
                policy: Text::of(&files.policy.file, &texts.policy),
                gateway: Text::of(&files.gateway.file, &texts.gateway),
                seen,
                summary: Summary::default(),
                back_to: None,
                confirmed: None,
            };
            let begun = keeper.begin(record, texts.clone());
            keeper.ends(begun, None)
        }
    };
    drop(keeper);
    live.tell_revisions();
    if let Err(error) = kept {
        tracing::error!("Revision {} is in force: {error}.", header.revision);
    }
}

/// An agent came; and what a trial went back to, which ended with the agent before, came into force by that.
fn audit_start(live: &Live, anew: Option<String>, record: Option<&Record>) {
    let header = live.files().image.header;
    live.audit(
        Author::Agent,
        Event::Start {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: header.revision,
            image: hex(&header.digest),
            anew,
        },
    );
    if let Some(record) = record
        && record.applied.is_none()
        && record.number == header.revision
    {
        let image = hex(&header.digest);
        let record = Record {
            image,
            ..record.clone()
        };
        live.audit(Author::Agent, Event::policy(record, None));
    }
}

/// Loads what of the files is another than when the revision in force was put there.
fn catch_up_with(live: &Live, candidates: Vec<Candidate>) {
    for what in candidates {
        let change = Change {
            what,
            ..Change::files(Occasion::Start)
        };
        match live.change(&change) {
            Ok(reloaded) => {
                tracing::info!(
                    revision = reloaded.after.revision,
                    "The files are others than those in force: they were loaded."
                );
                return;
            }
            // The service has logged what is wrong with them.
            Err(_) => {
                tracing::error!(
                    "The files can't be used: the last policy that was good is in force."
                );
            }
        }
    }
}

fn plan(gateway: &Gateway) -> Plan {
    let capacity = &gateway.capacity;
    Plan {
        wires: datapath_wires(gateway),
        uplinks: gateway.uplinks.clone(),
        mode: match gateway.xdp {
            XdpMode::Native => AttachMode::Native,
            XdpMode::Generic => AttachMode::Generic,
            XdpMode::Auto => AttachMode::Auto,
        },
        pins: gateway.pins.clone(),
        grace: gateway.grace,
        adopt: false,
        settle: gateway.bindings_settle,
        options: datapath::Options {
            capacity: datapath::Capacity {
                slot_lines: capacity.slot_lines,
                flows: capacity.flows,
                half_open: capacity.half_open,
                devices: capacity.devices,
                rules: capacity.rules,
                observed: capacity.observed,
                event_ring: capacity.event_ring,
            },
            events: datapath::Events {
                per_sender: gateway.events.per_sender,
                per_cpu: gateway.events.per_cpu,
            },
            new_flows: datapath::NewFlows {
                unlisted: gateway.limits.new_flows_unlisted,
                per_cpu: gateway.limits.new_flows_per_cpu,
            },
            group_frames: datapath::GroupFrames {
                per_sender: gateway.limits.group_frames_per_sender,
                per_port: gateway.limits.group_frames_per_port,
            },
            addresses_per_device: Some(gateway.limits.addresses_per_device),
            guards: guards::needed(gateway),
            ..datapath::Options::default()
        },
    }
}

/// The wires, then the segments, as the data path knows them.
pub(super) fn datapath_wires(gateway: &Gateway) -> Vec<datapath::Wire> {
    let wires = gateway.wires.iter().map(|wire| datapath::Wire {
        name: wire.name.clone(),
        device: wire.device.clone(),
        uplink: wire.uplink.clone(),
        fail: match wire.fail {
            FailMode::Closed => datapath::FailMode::Closed,
            FailMode::Open => datapath::FailMode::Open,
        },
    });
    wires.collect()
}

/// Everything that has a wire index, in its order.
fn wires(gateway: &Gateway, ports: &[PortReport]) -> Vec<Wire> {
    let port = |interface: &String| {
        let report = ports.iter().find(|port| port.interface == *interface);
        Port {
            interface: interface.to_owned(),
            ifindex: report.map_or(0, |port| port.ifindex),
            xdp: match report.map(|port| port.mode) {
                Some(UsedMode::Native) => "native",
                Some(UsedMode::Generic) => "generic",
                None => "none",
            },
            attached: report.is_some(),
            carrier: false,
        }
    };
    let wires = gateway.wires.iter().map(|wire| Wire {
        name: wire.name.clone(),
        device: Some(port(&wire.device)),
        uplink: wire.uplink.as_ref().map(port),
        fail: match wire.fail {
            _ if wire.is_segment() => None,
            FailMode::Closed => Some("closed"),
            FailMode::Open => Some("open"),
        },
        fail_trouble: None,
    });
    let uplinks = gateway.uplinks.iter().map(|uplink| Wire {
        name: router_uplink(uplink),
        device: None,
        uplink: Some(port(uplink)),
        fail: None,
        fail_trouble: None,
    });
    wires.chain(uplinks).collect()
}
