//! A gateway that enforces: brought up as a whole or not at all, taken down as a whole.

mod beginning;
mod climb;
mod crossing;
mod detach;
mod old;
mod ports;
mod transmit;
mod undo;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use xiot_common::port::Side;

pub use self::detach::{DetachError, Detached, detach};
use super::{
    attach::{AttachError, AttachMode, UsedMode},
    capability,
    error::{LoadError, MapAccessError},
    fail::FailModeError,
    instance::Datapath,
    kept::{Anew, Kept},
    netlink::NetlinkError,
    options::Options,
    pin::{PinError, Pins},
    preflight::Finding,
    prepare::PrepareError,
    slot::ApplyError,
    wire::Wire,
};
use crate::compile::{CompileError, Fresh, Image};

/// What to bring up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The wires, then the segments of the router; a position is a wire index.
    pub wires: Vec<Wire>,
    /// Interfaces of the router towards the rest of the network, numbered on after the wires.
    pub uplinks: Vec<String>,
    /// Where the program may sit.
    pub mode: AttachMode,
    /// The pin directory, on a BPF file system.
    pub pins: PathBuf,
    /// How long conversations are picked up that were there before the gateway.
    pub grace: Duration,
    /// Rather not at all than with conversations that begin anew.
    pub adopt: bool,
    /// How long a wire takes to settle on which nothing was learned before.
    pub settle: Duration,
    /// What the program is loaded with. The highest interface index is found out.
    pub options: Options,
}

/// The gateway could not be brought up; everything is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BringUpError {
    /// Something is wrong with the ports.
    #[error("{}", List(_0))]
    Preflight(Vec<Finding>),
    /// The pin directory can't be used.
    #[error(transparent)]
    Pins(#[from] PinError),
    /// The program could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The policy could not be applied.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The policy can't follow the one in force.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A map could not be filled.
    #[error(transparent)]
    Map(#[from] MapAccessError),
    /// An interface could not be made ready.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The program could not be attached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// What a wire does without the program could not be set up.
    #[error(transparent)]
    FailMode(#[from] FailModeError),
    /// The state of interfaces could not be read.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    /// Something could not be pinned.
    #[error("could not pin {}", path.display())]
    Pin {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// All ports at once could not be given to the next program.
    #[error("could not switch all ports to the next program")]
    Switch {
        /// Why not.
        source: io::Error,
    },
    /// What an earlier agent had decided about devices can't be taken over.
    #[error(
        "the decisions about devices that an earlier agent left in {0} can't be taken over; `xiot-agent detach --pins {0}` forgets them",
        pins.display()
    )]
    Decisions {
        /// The pin directory.
        pins: PathBuf,
        /// Why not.
        source: MapAccessError,
    },
    /// Conversations were to go on, and can't.
    #[error(
        "nothing is to be forgotten (--adopt), but conversations, counters and what was observed would begin anew: {why}; \
         start without --adopt if they may, or undo what changed"
    )]
    Anew {
        /// Why they would begin anew.
        why: Anew,
    },
    /// An earlier agent left attachments, but not the program to go back to if this one fails.
    #[error("{} holds attachments without their program; `xiot-agent detach --pins {}`", pins.display(), pins.display())]
    Remains {
        /// The pin directory.
        pins: PathBuf,
    },
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BringUpError {
    move |source| BringUpError::Pin {
        path: path.to_owned(),
        source,
    }
}

struct List<'a>(&'a [Finding]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fatal = self.0.iter().filter(|finding| finding.is_fatal());
        if let Some(first) = fatal.next() {
            write!(f, "{first}")?;
        }
        fatal.try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

/// One port that enforces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PortReport {
    /// Its wire; of a router uplink its interface.
    pub wire: String,
    /// Which way it looks.
    pub side: Side,
    /// Its port index.
    pub index: u16,
    /// Its interface.
    pub interface: String,
    /// Index of that.
    pub ifindex: u32,
    /// Where the program sits.
    pub mode: UsedMode,
    /// Its MTU in bytes.
    pub mtu: u32,
    /// It took over from the program of an earlier agent without a gap.
    pub taken_over: bool,
}

/// What is in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Why conversations, counters and what was observed begin anew; none where those of an earlier agent go on.
    pub anew: Option<Anew>,
    /// Every port, by index.
    pub ports: Vec<PortReport>,
    /// What is worth knowing, but no obstacle.
    pub warnings: Vec<Finding>,
}

/// A gateway that enforces. Dropping it changes nothing: the program stays attached and pinned.
#[derive(Debug)]
pub struct Gateway {
    datapath: Datapath,
    pins: Pins,
    report: Report,
}

impl Gateway {
    /// The program and its maps.
    pub fn datapath(&self) -> &Datapath {
        &self.datapath
    }

    /// The program and its maps, to apply policies.
    pub fn datapath_mut(&mut self) -> &mut Datapath {
        &mut self.datapath
    }

    /// What is in force.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Takes everything down and puts interfaces back as they were.
    pub fn shut_down(self) -> Result<Detached, DetachError> {
        detach::take_down(self.pins)
    }
}

/// The policy that follows what an earlier agent left in force.
#[derive(Clone, Debug)]
pub struct Followed {
    /// It, under numbers that follow that agent's.
    pub image: Arc<Image>,
    /// Numbers that it has and that one had not.
    pub fresh: Fresh,
}

/// How to compile the policy that follows what an earlier agent left.
type Follow<'f> = &'f mut dyn FnMut(&Kept) -> Result<Followed, CompileError>;

/// Brings the gateway up with this policy in force. Conversations begin anew, also those of an earlier agent's program, which is
/// replaced without a gap.
pub fn bring_up(plan: &Plan, image: &Image) -> Result<Gateway, BringUpError> {
    up(plan, image, None)
}

/// The same, but where there is an earlier agent's program whose maps are of use: then conversations and counters go on, and what
/// `follow` gives is in force.
pub fn bring_up_after(
    plan: &Plan,
    image: &Image,
    mut follow: impl FnMut(&Kept) -> Result<Followed, CompileError>,
) -> Result<Gateway, BringUpError> {
    up(plan, image, Some(&mut follow))
}

/// An earlier agent's program that is still attached is replaced without a gap where interface and mode are the same.
fn up(plan: &Plan, image: &Image, follow: Option<Follow<'_>>) -> Result<Gateway, BringUpError> {
    let missing = capability::missing();
    if !missing.is_empty() {
        return Err(LoadError::Privileges {
            missing,
            source: io::ErrorKind::PermissionDenied.into(),
        }
        .into());
    }
    let pins = Pins::create(&plan.pins)?;
    match climb::climb(plan, image, &pins, follow) {
        Ok((datapath, report)) => Ok(Gateway {
            datapath,
            pins,
            report,
        }),
        Err(error) => {
            pins.forget();
            Err(error)
        }
    }
}
