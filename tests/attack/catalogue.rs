//! The list of attacks, which the tests perform and the documents show. What it says of an attack is what its test asserts.

use serde::Deserialize;
use xiot_common::reason::Reason;

/// All attacks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    /// By family, in the order of the document.
    #[serde(rename = "family")]
    pub(crate) families: Vec<Family>,
}

/// Attacks that one test performs, on one topology.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    /// The test.
    pub(crate) test: String,
    /// Heading.
    pub(crate) title: String,
    /// What there is to know of all of them.
    pub(crate) about: String,
    /// Keys of the wire in gateway.yaml; none: guards at their default level, monitor.
    pub(crate) wire: Option<String>,
    /// In the order in which they are performed.
    #[serde(rename = "attack")]
    pub(crate) attacks: Vec<Attack>,
}

/// One attack, and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attack {
    /// Its name in the code.
    pub(crate) id: String,
    /// What the attacker does.
    pub(crate) does: String,
    /// By which program; none: with frames of its own making.
    pub(crate) tool: Option<String>,
    /// What gets through; none: nothing.
    pub(crate) arrives: Option<String>,
    /// Every reason that a frame of it is forwarded or dropped for.
    #[serde(default)]
    pub(crate) reasons: Vec<Named>,
    /// Every reason that a frame of it is forwarded in spite of.
    #[serde(default)]
    pub(crate) watched: Vec<Named>,
    /// What has become of whom it was meant for.
    pub(crate) after: Option<String>,
}

/// A reason by its name.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Named(pub(crate) Reason);

impl TryFrom<String> for Named {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let mut all = Reason::ALL.iter();
        all.find(|reason| reason.name() == name)
            .map(|reason| Self(*reason))
            .ok_or_else(|| format!("there is no reason `{name}`"))
    }
}

/// Reads the list.
pub(crate) fn read() -> Result<Catalogue, toml::de::Error> {
    toml::from_str(include_str!("attacks.toml"))
}
