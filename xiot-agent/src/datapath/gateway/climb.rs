//! The way up, in an order in which no frame is judged before the policy is in place, and back down again if any
//! step fails.

use std::{
    fs, io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
};

use xiot_common::port::{PortConfig, Role};

use super::{
    BringUpError, Follow, Plan, PortReport, Report,
    beginning::Beginning,
    old::Old,
    transmit::{self, Takes},
    undo::{Step, Undo},
};
use crate::{
    compile::image::Image,
    datapath::{
        attach::{self, AttachError, AttachMode, UsedMode},
        fail::{self, FailModeError},
        instance::Datapath,
        kept::{Anew, Note},
        map,
        pin::{Pins, RestoreTable},
        preflight::{self, Finding, Port, Preflight, Routing},
        prepare, sys,
        wire::{FailMode, Wire},
    },
};

/// A port that the program is attached to.
struct Attached {
    link: Arc<OwnedFd>,
    mode: UsedMode,
    taken_over: bool,
}

/// What every step of the way needs.
struct Climb<'a> {
    mode: AttachMode,
    pins: &'a Pins,
    old: Old,
    datapath: Datapath,
    undo: Undo,
}

pub(super) fn climb(
    plan: &Plan,
    image: &Image,
    pins: &Pins,
    follow: Option<Follow<'_>>,
) -> Result<(Datapath, Report), BringUpError> {
    let old = Old::find(pins)?;
    let routed = preflight::is_routed(&plan.wires);
    let seen = preflight::look(&plan.wires, &plan.uplinks)?;
    let routing = if routed {
        Routing::look()?
    } else {
        Routing::default()
    };
    let layout = preflight::Layout {
        wires: &plan.wires,
        uplinks: &plan.uplinks,
        mode: plan.mode,
    };
    let Preflight { ports, findings } =
        preflight::judge(layout, &seen, &routing, |program| old.runs(program));
    if findings.iter().any(Finding::is_fatal) {
        return Err(BringUpError::Preflight(findings));
    }

    let mut options = plan.options.clone();
    options.max_ifindex = highest_index(&ports);
    options.routed = routed;
    let (mut datapath, mut beginning) =
        Beginning::load(plan, &options, image, (pins, &ports), follow)?;
    for port in &ports {
        datapath.set_port(port.link.ifindex, port.config)?;
        datapath.set_egress(port.config.index, port.link.ifindex)?;
    }
    let mut climb = Climb {
        mode: plan.mode,
        pins,
        old,
        datapath,
        undo: Undo::default(),
    };
    let mut restore = climb.prepare(&ports)?;
    let staged = climb.stage(beginning.goes_on())?;
    let takes_over = climb.old.has_program();
    if !takes_over {
        climb.commit(&staged)?;
    }
    beginning.before_frames(plan, &mut climb.datapath);
    let mut attached = Vec::new();
    for port in &ports {
        attached.push(climb.attach(port)?);
    }
    climb.check_transmit(&ports, &mut attached)?;
    climb.open(&plan.wires)?;
    beginning.after_takeover(plan, &mut climb.datapath)?;
    if takes_over {
        climb.commit(&staged)?;
    }
    climb.undo.done();
    close(&plan.wires);
    if let Err(error) = pins.remove_set_aside() {
        tracing::warn!(%error, "Could not remove a pin of an agent that was killed.");
    }

    climb.old.remove_unused(&ports, &mut restore);
    let report = report(ports, &attached, findings, beginning.anew());
    Ok((climb.datapath, report))
}

/// Wires, no segments, that are to fail in this way.
fn pairs(wires: &[Wire], fail: FailMode) -> impl Iterator<Item = &Wire> {
    wires
        .iter()
        .filter(move |wire| wire.uplink.is_some() && wire.fail == fail)
}

/// Takes the agent's bridges away from wires that are to fail closed. Last: one that was taken away can't be put back as it was, and what is
/// enforced is no worse for one that stays.
fn close(wires: &[Wire]) {
    for wire in pairs(wires, FailMode::Closed) {
        if let Err(error) = fail::close(wire) {
            tracing::error!("{error}");
        }
    }
}

fn highest_index(ports: &[Port]) -> u32 {
    ports
        .iter()
        .map(|port| port.link.ifindex)
        .max()
        .unwrap_or(0)
}

fn report(
    ports: Vec<Port>,
    attached: &[Attached],
    warnings: Vec<Finding>,
    anew: Option<Anew>,
) -> Report {
    Report {
        anew,
        ports: ports
            .into_iter()
            .zip(attached)
            .map(|(port, attached)| PortReport {
                wire: port.wire,
                side: port.side,
                index: port.config.index,
                interface: port.link.name,
                ifindex: port.link.ifindex,
                mode: attached.mode,
                mtu: port.link.mtu,
                taken_over: attached.taken_over,
            })
            .collect(),
        warnings,
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BringUpError {
    move |source| BringUpError::Pin {
        path: path.to_owned(),
        source,
    }
}

impl Climb<'_> {
    /// Makes the interfaces ready to be ports.
    fn prepare(&mut self, ports: &[Port]) -> Result<RestoreTable, BringUpError> {
        let path = self.pins.restore();
        let (mut restore, is_new) = RestoreTable::open_or_create(&path).map_err(failed(&path))?;
        if is_new {
            self.undo.push(Step::Pinned(path.clone()));
        }
        if let Some(second) = RestoreTable::open(&path).map_err(failed(&path))? {
            self.undo.set_restore(second);
        }
        for port in ports {
            let undo = &mut self.undo;
            // A router takes what is for its own MAC.
            let promiscuous = port.config.role == Role::Wire as u8;
            prepare::prepare(&port.link, promiscuous, &mut restore, |ifindex, change| {
                undo.push(Step::Changed { ifindex, change });
            })?;
        }
        Ok(restore)
    }

    /// Puts bridges under wires that are to fail open. Now that the program is attached they see no frame.
    fn open(&mut self, wires: &[Wire]) -> Result<(), FailModeError> {
        for wire in pairs(wires, FailMode::Open) {
            let undo = &mut self.undo;
            fail::open(wire, |ifindex| undo.push(Step::Bridged { ifindex }))?;
        }
        Ok(())
    }

    /// Pins the program and its maps beside those of an earlier agent, but for those that go on. Returns where they are to go.
    fn stage(&mut self, goes_on: fn(&str) -> bool) -> Result<Vec<PathBuf>, BringUpError> {
        let program = self.pins.program();
        let fd = self
            .datapath
            .program_fd()
            .map_err(|error| failed(&program)(io::Error::other(error)))?;
        let mut objects = Vec::new();
        // First: of maps of which some are of one program and some of another, nothing is believed.
        for (name, fd) in self.datapath.note.iter().flat_map(Note::maps) {
            if !goes_on(name) {
                objects.push((fd, self.pins.map(name)));
            }
        }
        objects.push((fd, program));
        for name in map::ALL.into_iter().filter(|name| !goes_on(name)) {
            let fd = self.datapath.map_data(name).fd().as_fd();
            objects.push((fd, self.pins.map(name)));
        }
        let mut paths = Vec::new();
        for (fd, path) in objects {
            let staged = self.pins.staged(&path);
            // Of an agent that was killed as it took over. The kernel empties a program array with its last pin.
            if path == self.pins.map(xiot_common::map::STAGES) && staged.exists() {
                self.pins.set_aside(&staged).map_err(failed(&staged))?;
            }
            remove_if_there(&staged).map_err(failed(&staged))?;
            sys::pin(fd, &staged).map_err(failed(&staged))?;
            self.undo.push(Step::Pinned(staged));
            paths.push(path);
        }
        Ok(paths)
    }

    /// Puts what was staged in the place of what was there.
    fn commit(&mut self, paths: &[PathBuf]) -> Result<(), BringUpError> {
        for path in paths {
            fs::rename(self.pins.staged(path), path).map_err(failed(path))?;
            self.undo.push(Step::Pinned(path.clone()));
        }
        Ok(())
    }

    /// Attaches the program to a port, in the place of an earlier agent's where there is one.
    fn attach(&mut self, port: &Port) -> Result<Attached, BringUpError> {
        if let Some((link, before)) = self.old.take(port) {
            let in_use = port
                .link
                .xdp
                .and_then(|xdp| UsedMode::from_xdp_mode(xdp.mode));
            match in_use {
                Some(mode) if self.mode.candidates().contains(&mode) => {
                    attach::replace(self.program_fd(port)?, &port.link, link.as_fd())?;
                    self.undo.push(Step::Replaced {
                        link: Arc::clone(&link),
                        before,
                    });
                    attach::read_back(&port.link, &link, mode)?;
                    return Ok(Attached {
                        link,
                        mode,
                        taken_over: true,
                    });
                }
                _ => {
                    let pin = self.pins.link(port.link.ifindex);
                    sys::link_detach(link.as_fd()).map_err(failed(&pin))?;
                    if let Some(mode) = in_use {
                        self.undo.push(Step::Detached {
                            ifindex: port.link.ifindex,
                            mode,
                            before,
                            pin,
                        });
                    }
                }
            }
        }
        self.attach_anew(port, self.mode.candidates())
    }

    fn attach_anew(&mut self, port: &Port, modes: &[UsedMode]) -> Result<Attached, BringUpError> {
        let pin = self.pins.link(port.link.ifindex);
        // Of an interface that is gone, or that is no longer attached.
        remove_if_there(&pin).map_err(failed(&pin))?;
        let (link, mode) = attach::attach(self.program_fd(port)?, &port.link, modes)?;
        let link = Arc::new(link);
        self.undo.push(Step::Attached(Arc::clone(&link)));
        sys::pin(link.as_fd(), &pin).map_err(failed(&pin))?;
        self.undo.push(Step::Pinned(pin));
        attach::read_back(&port.link, &link, mode)?;
        Ok(Attached {
            link,
            mode,
            taken_over: false,
        })
    }

    /// A port in native mode hands frames to the driver of the other port: that must take them. Some drivers
    /// say so only once they have a program themselves, so this comes last.
    fn check_transmit(
        &mut self,
        ports: &[Port],
        attached: &mut [Attached],
    ) -> Result<(), BringUpError> {
        let modes: Vec<UsedMode> = attached.iter().map(|attached| attached.mode).collect();
        for (port, attached) in ports.iter().zip(attached) {
            let Some((other, other_mode)) = ports
                .iter()
                .zip(&modes)
                .find(|(other, _)| other.config.index == port.config.egress)
            else {
                continue;
            };
            if attached.mode == UsedMode::Generic {
                continue;
            }
            let obstacle = match transmit::takes(&other.link, *other_mode)? {
                Takes::All => continue,
                Takes::OneBuffer => {
                    // The MTU may grow.
                    let config = PortConfig {
                        egress_one_buffer: 1,
                        ..port.config
                    };
                    self.datapath.set_port(port.link.ifindex, config)?;
                    continue;
                }
                Takes::TooLittle(obstacle) => obstacle,
            };
            if self.mode != AttachMode::Auto {
                return Err(BringUpError::Preflight(vec![obstacle]));
            }
            tracing::info!(
                interface = port.link.name,
                other = other.link.name,
                mtu = other.link.mtu,
                "Fell back to generic XDP: the other port takes no redirected frames, or none as long as its MTU."
            );
            let pin = self.pins.link(port.link.ifindex);
            sys::link_detach(attached.link.as_fd()).map_err(failed(&pin))?;
            *attached = self.attach_anew(port, AttachMode::Generic.candidates())?;
        }
        Ok(())
    }

    fn program_fd(&self, port: &Port) -> Result<BorrowedFd<'_>, AttachError> {
        self.datapath
            .program_fd()
            .map_err(|error| AttachError::Replace {
                interface: port.link.name.clone(),
                source: io::Error::other(error),
            })
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
