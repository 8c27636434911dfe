//! Whether ports still run the program: somebody may have taken it off, or the interface away.

use super::{
    instance::Datapath,
    netlink::{self, NetlinkError},
};

/// What the kernel says of a port right now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PortState {
    /// It runs the program of this instance.
    pub attached: bool,
    /// It is up, and so is the other end of its cable.
    pub carrier: bool,
}

/// Asks the kernel about ports. Lives on its own.
#[derive(Clone, Copy, Debug)]
pub struct Attachments {
    program: u32,
}

impl Datapath {
    /// A handle that knows the program of this instance.
    ///
    /// # Panics
    /// The kernel does not know the program that it has loaded.
    pub fn attachments(&self) -> Attachments {
        let info = self.program().info();
        let program = info.expect("the program is loaded").id();
        Attachments { program }
    }
}

impl Attachments {
    /// The state of an interface of this network namespace. One that is gone runs nothing.
    pub fn look(&self, ifindex: u32) -> Result<PortState, NetlinkError> {
        let link = netlink::find_index(ifindex)?;
        Ok(link.map_or_else(PortState::default, |link| PortState {
            attached: link.xdp.is_some_and(|xdp| xdp.program == self.program),
            carrier: link.up && link.carrier,
        }))
    }
}
