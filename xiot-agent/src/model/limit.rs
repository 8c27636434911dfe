//! Sizes beyond which a file is refused, each with its reason.

use std::{ops::RangeInclusive, time::Duration};

/// Bytes of a policy file, refused before it is parsed. A million rules take about 40 MiB.
pub const MAX_POLICY_BYTES: u64 = 64 << 20;

/// Bytes of a gateway file: it has no long lists.
pub const MAX_GATEWAY_BYTES: u64 = 1 << 20;

/// Bytes of a name: names are labels of metrics and columns of tables.
pub const MAX_NAME_BYTES: usize = 63;

/// Bytes of free text: notes, owners, locations.
pub const MAX_TEXT_BYTES: usize = 1_024;

/// Bytes of a network interface's name (`IFNAMSIZ` of Linux, less the final zero).
pub const MAX_INTERFACE_BYTES: usize = 15;

/// Bytes of a Unix socket's path (`sun_path` of Linux, less the final zero).
pub const MAX_SOCKET_PATH_BYTES: usize = 107;

/// Wires of one gateway, segments and uplinks of its router included: the data path has room for twice as many ports.
pub const MAX_WIRES: usize = 32;

/// Ethernet types that a wire allows beside ARP and IP: the data path keeps them with the wire's guards in one line of memory.
pub const MAX_ETHERTYPES: usize = 16;

/// Addresses bound to one device.
pub const MAX_DEVICE_ADDRESSES: usize = 64;

/// Calendars of one policy: each has a series of its own.
pub const MAX_CALENDARS: usize = 64;

/// Profiles that one profile includes, those that they include among them.
pub const MAX_INCLUDED: usize = 64;

/// Networks and DNS names of all peer sets and rules together, groups and sets spelt out: more than a policy slot of the
/// largest size holds.
pub const MAX_PEERS: usize = 4_000_000;

/// DNS names that a policy has as peers, each counted once: a device learns of few, and each takes up to five lines of a
/// policy slot.
pub const MAX_DNS_NAMES: usize = 16_384;

/// Idle timeouts. The upper end is what a table of flows can sensibly hold on to.
pub const TIMEOUT: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(31 * 24);

/// Memory of one policy slot in bytes. A million rules take some 160 MiB.
pub const SLOT_BYTES: RangeInclusive<u64> = 64 << 10..=512 << 20;

/// Flows, devices, rules and observed conversations: entries of kernel tables.
pub const ENTRIES: RangeInclusive<u64> = 16..=16 << 20;

/// Bytes of the event ring, a power of two: at least a page of any architecture.
pub const EVENT_RING_BYTES: RangeInclusive<u64> = 64 << 10..=256 << 20;

/// Events per second.
pub const EVENT_RATE: RangeInclusive<u64> = 1..=1_000_000;

/// Conversations opened, fragmented datagrams and broadcast frames per second: of one device, of all that are not listed, on one
/// port or CPU.
pub const FLOW_RATE: RangeInclusive<u64> = 1..=1_000_000;

/// IPv6 addresses that one device may take: the data path keeps them in one list of fixed size.
pub const ADDRESSES_PER_DEVICE: RangeInclusive<u64> = 1..=16;

/// Time in which the guard `binding` gets to know leases: longer than any that is worth waiting for.
pub const BINDINGS_SETTLE: RangeInclusive<Duration> =
    Duration::ZERO..=Duration::from_hours(31 * 24);

/// Time in which conversations are picked up that were there before the gateway: as short as it takes them to speak.
pub const GRACE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(1);

/// Addresses of the uplink: routers and servers of the devices' own networks.
pub const MAX_UPLINK_ADDRESSES: usize = 1024;
