//! Attaching to ports, on the way up.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    sync::Arc,
};

use xiot_common::port::PortConfig;

use super::{
    BringUpError,
    climb::{Climb, remove_if_there},
    failed,
    transmit::{self, Takes},
    undo::Step,
};
use crate::datapath::{
    attach::{self, AttachError, AttachMode, UsedMode},
    preflight::Port,
    sys,
};

/// A port that the program is attached to.
pub(super) struct Attached {
    pub(super) link: Arc<OwnedFd>,
    pub(super) mode: UsedMode,
    pub(super) taken_over: bool,
}

impl Climb<'_> {
    /// Attaches the program to a port, in the place of an earlier agent's where there is one.
    pub(super) fn attach(&mut self, port: &Port) -> Result<Attached, BringUpError> {
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
    pub(super) fn check_transmit(
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

    /// Leaves the old program, where all ports are on the way from it by now, and gives each port the next one.
    pub(super) fn arrive(
        &mut self,
        ports: &[Port],
        attached: &[Attached],
    ) -> Result<(), BringUpError> {
        let Some(crossing) = &mut self.crossing else {
            return Ok(());
        };
        crossing.switch(&mut self.undo)?;
        crossing.arrive()?;
        let entry = crossing.entry().try_clone_to_owned();
        let entry = Arc::new(entry.map_err(|source| BringUpError::Switch { source })?);
        for (port, attached) in ports.iter().zip(attached) {
            let link = &attached.link;
            attach::replace(self.next_fd(port)?, &port.link, link.as_fd())?;
            self.undo.push(Step::Replaced {
                link: Arc::clone(link),
                before: Arc::clone(&entry),
            });
            attach::read_back(&port.link, link, attached.mode)?;
        }
        Ok(())
    }

    /// What ports get at first.
    fn program_fd(&self, port: &Port) -> Result<BorrowedFd<'_>, AttachError> {
        match &self.crossing {
            Some(crossing) => Ok(crossing.entry()),
            None => self.next_fd(port),
        }
    }

    /// The program that is to judge.
    fn next_fd(&self, port: &Port) -> Result<BorrowedFd<'_>, AttachError> {
        self.datapath
            .program_fd()
            .map_err(|error| AttachError::Replace {
                interface: port.link.name.clone(),
                source: io::Error::other(error),
            })
    }
}
