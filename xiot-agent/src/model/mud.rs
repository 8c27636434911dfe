//! What abstractions of MUD files (RFC 8520) are at this site, so that files of makers become profiles and profiles such files.

use std::collections::BTreeMap;

/// The map `mud` of a policy, and where profiles say that their makers describe them. Values are names of peer sets, each for one
/// abstraction.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mud {
    /// `local-networks`: the site's own networks (RFC 8520, 4.5).
    pub local_networks: Option<String>,
    /// `local-broadcast`: the broadcast addresses of those, which files name by MAC.
    pub local_broadcast: Option<String>,
    /// `controllers`: by class of services, a URI (4.6).
    pub controllers: BTreeMap<String, String>,
    /// `my-controllers`: what controls devices of a profile (4.7), by its name.
    pub my_controllers: BTreeMap<String, String>,
    /// `manufacturers`: devices of a maker (4.1), by the host of their MUD URLs.
    pub manufacturers: BTreeMap<String, String>,
    /// `models`: devices of a model (4.4), by MUD URL.
    pub models: BTreeMap<String, String>,
    /// MUD URLs of profiles (`mud-url`), by name of profile.
    pub urls: BTreeMap<String, String>,
}
