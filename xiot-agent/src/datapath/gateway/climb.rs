//! The way up, in an order in which no frame is judged before the policy is in place, and back down again if any
//! step fails.

use std::{
    fs, io,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use xiot_common::port::Role;

use super::{
    BringUpError, Follow, Plan, PortReport, Report,
    beginning::Beginning,
    crossing::{self, Crossing},
    failed,
    old::Old,
    ports::Attached,
    undo::{Step, Undo},
};
use crate::{
    compile::image::Image,
    datapath::{
        attach::AttachMode,
        fail::{self, FailModeError},
        instance::Datapath,
        kept::{Anew, Note},
        map,
        options::Options,
        pin::{Pins, RestoreTable},
        preflight::{self, Finding, Port, Preflight, Routing},
        prepare, sys,
        wire::{FailMode, Wire},
    },
};

/// What every step of the way needs.
pub(super) struct Climb<'a> {
    pub(super) mode: AttachMode,
    pub(super) pins: &'a Pins,
    pub(super) old: Old,
    pub(super) datapath: Datapath,
    /// On the way from an old program with other tables.
    pub(super) crossing: Option<Crossing>,
    pub(super) undo: Undo,
}

pub(super) fn climb(
    plan: &Plan,
    image: &Image,
    pins: &Pins,
    follow: Option<Follow<'_>>,
) -> Result<(Datapath, Report), BringUpError> {
    crossing::finish(pins)?;
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
        crossing: None,
        undo: Undo::default(),
    };
    let mut restore = climb.prepare(&ports)?;
    let staged = climb.stage(|name| beginning.goes_on(name))?;
    let takes_over = climb.old.has_program();
    if takes_over {
        climb.cross(&options, &beginning)?;
    } else {
        climb.commit(&staged)?;
    }
    beginning.before_frames(plan, &mut climb.datapath);
    let mut attached = Vec::new();
    for port in &ports {
        attached.push(climb.attach(port)?);
    }
    climb.check_transmit(&ports, &mut attached)?;
    climb.open(&plan.wires)?;
    climb.arrive(&ports, &attached)?;
    beginning.after_takeover(plan, &mut climb.datapath)?;
    if takes_over {
        climb.commit(&staged)?;
    }
    climb.undo.done();
    if let Some(crossing) = climb.crossing {
        crossing.done(pins);
    }
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
    fn stage(&mut self, goes_on: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, BringUpError> {
        // Of agents that were killed as they took over.
        for (staged, place) in self.pins.all_staged()? {
            // The kernel empties a program array with its last pin.
            if place == self.pins.map(xiot_common::map::STAGES) {
                self.pins.set_aside(&staged).map_err(failed(&staged))?;
            } else {
                remove_if_there(&staged).map_err(failed(&staged))?;
            }
        }
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
            sys::pin(fd, &staged).map_err(failed(&staged))?;
            self.undo.push(Step::Pinned(staged));
            paths.push(path);
        }
        Ok(paths)
    }

    /// Makes ready to switch all ports at once, where the old program has other tables.
    fn cross(&mut self, options: &Options, beginning: &Beginning) -> Result<(), BringUpError> {
        if let Some(old) = self.old.program()
            && beginning.has_other_tables()
        {
            let goes_on = |name: &str| beginning.goes_on(name);
            let moving = beginning
                .moving_from()
                .map(|sets| self.datapath.load_moving(options, self.pins, goes_on, sets))
                .transpose()?;
            let (datapath, undo) = (&mut self.datapath, &mut self.undo);
            self.crossing = Some(Crossing::prepare(datapath, moving, old, self.pins, undo)?);
        }
        Ok(())
    }

    /// Puts what was staged in the place of what was there.
    fn commit(&mut self, paths: &[PathBuf]) -> Result<(), BringUpError> {
        for path in paths {
            fs::rename(self.pins.staged(path), path).map_err(failed(path))?;
            self.undo.push(Step::Pinned(path.clone()));
        }
        Ok(())
    }
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
