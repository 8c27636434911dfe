//! The way up and down: from checked files to a data path that enforces, and to handles on it.

use std::{borrow::Cow, sync::Arc};

use tokio::sync::broadcast;

use super::{
    faults::Faults,
    files::Files,
    guards,
    handle::{Handle, Source as _, SourceError},
    live::Live,
    names::router_uplink,
    reload,
    state::{Drop, Port, Status, Wire},
    tend::tend,
};
use crate::{
    collect::EventStream,
    datapath::{
        self, Anew, AttachMode, BringUpError, DetachError, Detached, Followed, MapAccessError,
        Plan, PortReport, RingError, UsedMode,
    },
    model::gateway::{Gateway, XdpMode},
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
}

/// A data path that enforces, and what answers for it. Dropping it leaves enforcement in place.
#[derive(Debug)]
pub struct Service {
    live: Arc<Live>,
    events: Option<EventStream>,
    drops: broadcast::Sender<Arc<Drop>>,
}

impl Service {
    /// Brings the data path up with these files in force. Within a Tokio runtime.
    pub fn start(files: Files, how: How) -> Result<Self, StartError> {
        let How { adopt, object } = how;
        let mut plan = plan(&files.gateway);
        plan.adopt = adopt;
        plan.options.object = object.map(Cow::Owned);
        let (mut files, image) = (files.clone(), files.image);
        let mut gateway = datapath::bring_up_after(&plan, &image, |kept| {
            let (after, fresh) = files.after(kept)?;
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
        match open(files, &gateway, faults) {
            Ok((live, events)) => {
                live.hold(gateway);
                Ok(Self {
                    live: Arc::new(live),
                    events: Some(events),
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
        if let Some(events) = self.events.take() {
            tend(Arc::clone(&self.live), events, self.drops.clone()).await;
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

    /// Takes the data path down: frames are no longer judged, interfaces are as they were.
    pub fn stop(self) -> Result<Detached, DetachError> {
        match self.live.release() {
            Some(gateway) => gateway.shut_down(),
            None => Ok(Detached::default()),
        }
    }
}

fn open(
    files: Files,
    gateway: &datapath::Gateway,
    faults: Arc<Faults>,
) -> Result<(Live, EventStream), StartError> {
    let wires = wires(&files.gateway, &gateway.report().ports);
    let live = Live::open(files, wires, gateway, faults)?;
    let events = EventStream::open(gateway.datapath())?;
    Ok((live, events))
}

fn plan(gateway: &Gateway) -> Plan {
    let capacity = &gateway.capacity;
    Plan {
        wires: gateway
            .wires
            .iter()
            .map(|wire| datapath::Wire {
                name: wire.name.clone(),
                device: wire.device.clone(),
                uplink: wire.uplink.clone(),
            })
            .collect(),
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
    });
    let uplinks = gateway.uplinks.iter().map(|uplink| Wire {
        name: router_uplink(uplink),
        device: None,
        uplink: Some(port(uplink)),
    });
    wires.chain(uplinks).collect()
}
