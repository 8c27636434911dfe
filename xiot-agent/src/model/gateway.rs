//! The gateway: ports, wires, addresses to listen on, sizes.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::guard::Guards;

/// A whole gateway configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// Path it was read from, as given.
    pub file: String,
    /// Wires in file order, then the segments of the router in theirs; the position is the wire index, and `2 * position`
    /// and `+ 1` are the port indices of its device and uplink port.
    pub wires: Vec<Wire>,
    /// Interfaces of the router towards the rest of the network, in file order, numbered on after the wires.
    pub uplinks: Vec<String>,
    /// How the program is attached.
    pub xdp: XdpMode,
    /// Where metrics are served; none: nowhere.
    pub metrics: Option<Metrics>,
    /// Control socket.
    pub control: Control,
    /// Directory in a BPF file system that holds the pins.
    pub pins: PathBuf,
    /// Sizes of the maps.
    pub capacity: Capacity,
    /// Event budgets.
    pub events: Events,
    /// Budgets of new conversations, beside those of profiles.
    pub limits: Limits,
    /// How long after the program was loaded conversations are picked up that were there before it.
    pub grace: Duration,
    /// How long after that the guard `binding` drops no IPv4 and no ARP: leases that were given before it does not know.
    pub bindings_settle: Duration,
    /// When the files are loaded again.
    pub reload: Reload,
}

/// Where metrics are served, and which.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Metrics {
    /// Address and port.
    pub listen: SocketAddr,
    /// Of which devices beside sums.
    pub devices: DeviceSeries,
}

/// Devices that have series of their own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum DeviceSeries {
    /// None.
    #[default]
    Off,
    /// All that the policy lists.
    All,
    /// Those of a group of the policy.
    Group(String),
}

/// When a running agent loads its files again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reload {
    /// When somebody asks for it.
    #[default]
    OnRequest,
    /// Also when one of them changed.
    OnChange,
}

/// A pair of ports, or a segment of the router.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// Its name.
    pub name: String,
    /// Interface towards the devices.
    pub device: String,
    /// Interface towards the rest of the network; none: a segment, to which the kernel routes.
    pub uplink: Option<String>,
    /// What it does without the program; of a segment it is the kernel's routing that tells.
    pub fail: FailMode,
    /// Its guards.
    pub guards: Guards,
    /// Ethernet types beside ARP and IP that pass both ways (host order).
    pub ethertypes: Vec<u16>,
}

/// What a wire does while the program is not attached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FailMode {
    /// It carries nothing: no bridge is under its ports.
    #[default]
    Closed,
    /// It carries everything, unfiltered: both ports are in one bridge.
    Open,
}

impl Wire {
    /// Whether it is a segment of the router.
    pub const fn is_segment(&self) -> bool {
        self.uplink.is_none()
    }
}

/// How the program is attached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum XdpMode {
    /// In the driver, or not at all.
    #[default]
    Native,
    /// In the network stack: slow, for drivers without XDP.
    Generic,
    /// Native where the driver can, else generic, port by port.
    Auto,
}

/// The control socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// Its path.
    pub socket: PathBuf,
    /// Group whose members may use it besides root and the agent's own user.
    pub group: Option<String>,
}

/// Sizes of the maps, fixed while the agent runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capacity {
    /// Memory of one policy slot in 64-byte lines.
    pub slot_lines: u32,
    /// Flows.
    pub flows: u32,
    /// Conversations that only one side spoke in, beside those; as many as `flows` if that is more.
    pub half_open: u32,
    /// Devices with counters.
    pub devices: u32,
    /// Rules with counters.
    pub rules: u32,
    /// Observed conversations.
    pub observed: u32,
    /// Event ring in bytes, a power of two of at least one page.
    pub event_ring: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            slot_lines: 256 * 1024,
            flows: 128 * 1024,
            half_open: 64 * 1024,
            devices: 16 * 1024,
            rules: 64 * 1024,
            observed: 128 * 1024,
            event_ring: 1 << 20,
        }
    }
}

/// Event budgets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Events {
    /// Events per second of one sender.
    pub per_sender: u32,
    /// Events per second of one CPU.
    pub per_cpu: u32,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            per_sender: 10,
            per_cpu: 1000,
        }
    }
}

/// Conversations that may be opened in one second, and other budgets of all devices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// By all devices together which are not listed, and as many to them.
    pub new_flows_unlisted: u32,
    /// On one CPU.
    pub new_flows_per_cpu: u32,
    /// Broadcast and multicast frames of one sender on a device port.
    pub group_frames_per_sender: u32,
    /// The same of all senders on one device port.
    pub group_frames_per_port: u32,
    /// IPv6 addresses that one device may take on one wire and VLANs.
    pub addresses_per_device: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            new_flows_unlisted: 5_000,
            new_flows_per_cpu: 50_000,
            group_frames_per_sender: 200,
            group_frames_per_port: 4_000,
            addresses_per_device: 16,
        }
    }
}

/// How long leases take to be known where nothing is said: a day is longer than most leases.
pub const DEFAULT_BINDINGS_SETTLE: Duration = Duration::from_hours(24);

/// The grace time where nothing is said.
pub const DEFAULT_GRACE: Duration = Duration::from_mins(5);
