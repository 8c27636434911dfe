//! Guards of a wire: what keeps a sender from saying what is not its to say (docs/judgement.md section 9).

/// What follows where a guard objects.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, PartialEq, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is not asked.
    Off,
    /// The frame is counted as a would-be drop.
    #[default]
    Monitor,
    /// The frame is dropped, whatever the mode of the device.
    Enforce,
}

/// The levels of all guards of one wire, in the order in which they are asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Guards {
    /// Rate of broadcast and multicast frames from devices.
    pub group: Level,
    /// Source MACs that no station has.
    pub mac: Level,
    /// Source addresses that are another device's, or nobody's.
    pub source: Level,
    /// ARP from devices.
    pub arp: Level,
    /// Neighbour discovery from devices.
    pub nd: Level,
    /// Devices that answer as DHCP servers.
    pub dhcp_server: Level,
    /// Devices that ask DHCP servers in the name of others.
    pub dhcp_client: Level,
    /// Devices that advertise or redirect as routers.
    pub router: Level,
    /// Devices that speak to switches.
    pub bpdu: Level,
    /// ARP and neighbour discovery from the uplink that claims a device's address.
    pub claim: Level,
    /// Addresses that devices are not bound to.
    pub binding: Level,
}

impl Default for Guards {
    fn default() -> Self {
        Self::all(Level::default())
    }
}

impl Guards {
    /// All guards at one level, but for `binding`, which is off: the others know what is wrong, this one what is right, and
    /// what it was not told yet it denies.
    pub const fn all(level: Level) -> Self {
        Self {
            group: level,
            mac: level,
            source: level,
            arp: level,
            nd: level,
            dhcp_server: level,
            dhcp_client: level,
            router: level,
            bpdu: level,
            claim: level,
            binding: Level::Off,
        }
    }
}
