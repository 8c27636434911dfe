//! Sizes and loop bounds, each with its reason.

/// VLAN tags accepted: 802.1Q and one 802.1ad tag before it. A third is malformed here.
pub const MAX_VLAN_TAGS: usize = 2;

/// IPv6 extension headers walked before the chain counts as malformed. RFC 8200 knows seven kinds and
/// lets only destination options come twice.
pub const MAX_IPV6_EXTENSIONS: usize = 8;

/// Distinct prefix lengths one profile may use per family and initiator: each costs up to two reads on a cold lookup.
pub const MAX_PREFIX_LENGTHS: usize = 16;

/// Port ranges in one rule line: what fits a cache line beside its header.
pub const RANGES_PER_LINE: usize = 7;

/// Rule lines that one rule set may span (224 ranges), so that the scan has a bound.
pub const MAX_LINES_PER_SET: usize = 32;

/// Ports of one gateway. DEVMAP and counters are sized by it.
pub const MAX_PORTS: usize = 64;

/// Highest interface index that may be a port, plus one: the port table is an array indexed by it.
pub const MAX_IFINDEX: u32 = 1 << 20;

/// Default size of each of the two policy slots, in 64-byte lines (16 MiB): about 100,000 rules.
pub const DEFAULT_SLOT_LINES: u32 = 256 * 1024;

/// Default number of flows.
pub const DEFAULT_FLOWS: u32 = 128 * 1024;

/// Default number of half-open flows.
pub const DEFAULT_HALF_OPEN: u32 = 64 * 1024;

/// Denials that each CPU keeps: 64 KiB. A power of two.
pub const DENIALS: u32 = 1024;

/// Datagrams whose fragments are on their way.
pub const FRAGMENTED: u32 = 8 * 1024;

/// Overrides: what an operator does by hand.
pub const OVERRIDES: u32 = 4 * 1024;

/// Ethernet types that one wire lets pass beside ARP and IP: with the levels of its guards they fill less than a cache line.
pub const MAX_ETHERTYPES: usize = 16;

/// Senders of broadcast and multicast that are counted; the one silent for longest is forgotten first.
pub const GROUP_SENDERS: u32 = 8 * 1024;

/// Parts of one datagram that are kept track of where they touch no other: fragments that overtook each other.
pub const FRAGMENT_PARTS: usize = 4;

/// IPv6 addresses that one MAC may ever take on one wire and VLANs: the elements of its list.
pub const PLACES: u32 = 16;

/// Lists of such addresses at a time.
pub const PLACE_LISTS: u32 = 16 * 1024;

/// Bindings of addresses to MACs at a time. Addresses in use take up half at most: devices make those, and must not crowd out
/// what servers give.
pub const BINDINGS: u32 = 2 * PLACES * PLACE_LISTS;

/// Addresses with a name that one device is told of at a time: where there are more, the one that ends first goes.
pub const NAME_PLACES: u32 = 32;

/// Listed devices that were told of addresses with names, on one wire and VLANs each.
pub const NAMED_DEVICES: u32 = 64 * 1024;

/// Devices that are not listed and were told of addresses with names: the one that did nothing with its own for longest is forgotten
/// first.
pub const STRANGERS_NAMES: u32 = 1024;

/// Default number of devices with counters of their own, listed ones only.
pub const DEFAULT_DEVICES: u32 = 16 * 1024;

/// Default number of rules with counters.
pub const DEFAULT_RULES: u32 = 64 * 1024;

/// Default number of observed conversations.
pub const DEFAULT_OBSERVED: u32 = 128 * 1024;

/// Default size of the event ring in bytes: a power of two and a multiple of the page size.
pub const DEFAULT_EVENT_RING_BYTES: u32 = 1 << 20;

/// Senders with an event budget of their own; the least recently noisy one is forgotten first.
pub const EVENT_SENDERS: u32 = 8 * 1024;

/// Senders that each CPU knows to have used up their events, at a time: 6 KiB. A power of two.
pub const MUTED: u32 = 256;
