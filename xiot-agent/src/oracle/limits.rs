//! What the gateway sets, not the policy.

/// Room, budgets of all together, and the grace period.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Flows that are not half-open.
    pub flows: usize,
    /// Seconds after a search for room in which there is none, where little was found.
    pub search_pause: u64,
    /// Flows that devices which are not listed may open together in one second, and as many that peers may open to them.
    pub new_flows_unlisted: u32,
    /// Flows that may be opened in one second on one CPU.
    pub new_flows_per_cpu: u32,
    /// Fragmented datagrams of all devices together that are not listed, in one second.
    pub fragments_unlisted: u32,
    /// Frames to group MACs of one MAC on a device port in one second.
    pub group_frames_per_sender: u32,
    /// The same of all MACs on the port together that are not listed, of those that are below that.
    pub group_frames_per_port: u32,
    /// IPv6 addresses that a device may have by use on a wire and VLANs.
    pub addresses_per_device: usize,
    /// Second from which on leases are known, so that IPv4 addresses without one are none; 0: they are.
    pub settled_at: u64,
    /// Second in which conversations are no longer picked up that were there before the gateway; 0: none are.
    pub grace_until: u64,
}

impl Default for Limits {
    /// Endless room, and no grace period.
    fn default() -> Self {
        Self {
            flows: usize::MAX,
            search_pause: 10,
            new_flows_unlisted: 5000,
            new_flows_per_cpu: 50_000,
            fragments_unlisted: 512,
            group_frames_per_sender: 200,
            group_frames_per_port: 4000,
            addresses_per_device: 16,
            settled_at: 0,
            grace_until: 0,
        }
    }
}
