//! What an entry says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::record::{Author, Cause, Record};

/// One line of the log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// Counts entries, from 1.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Who asked for it.
    pub by: Author,
    /// What was done.
    #[serde(flatten)]
    pub event: Event,
    /// SHA-256 of the line before in hexadecimal, without its newline; of the first line: zeros.
    pub previous: String,
}

/// A change of enforcement.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// An agent came, and every frame is judged.
    Start {
        /// Its version.
        version: String,
        /// The revision in force.
        revision: u64,
        /// SHA-256 of its image in hexadecimal.
        image: String,
        /// Why conversations began anew; null: they went on.
        anew: Option<String>,
    },
    /// An agent went.
    Stop {
        /// Enforcement goes on without it.
        attached: bool,
    },
    /// Another policy came into force.
    Policy {
        /// Its revision.
        revision: u64,
        /// SHA-256 of its image in hexadecimal.
        image: String,
        /// SHA-256 of the text of the policy file in hexadecimal.
        policy: String,
        /// SHA-256 of the text of the gateway file in hexadecimal.
        gateway: String,
        /// What it came of.
        cause: Cause,
        /// Why, in the words of who asked.
        reason: Option<String>,
        /// It goes back at this time unless it is confirmed.
        trial_until: Option<Timestamp>,
    },
    /// The revision on trial stays.
    Confirmed {
        /// Which.
        revision: u64,
    },
    /// Something was decided about a device beside the policy.
    Decision {
        /// Its name, if it is listed.
        device: Option<String>,
        /// Its MAC.
        mac: String,
        /// Its VLANs; null: any.
        vlan: Option<String>,
        /// `quarantine`, `break-glass`, `release`, or `fallback`: back to mode monitor, by the agent, after a change.
        decision: String,
        /// When that ends by itself.
        until: Option<Timestamp>,
        /// Although a life depends on the device.
        overridden: bool,
        /// Why, in the words of who asked.
        reason: Option<String>,
    },
    /// What an agent had left was taken off.
    Detach {
        /// Directory of its pins.
        pins: String,
    },
    /// The end of the log was half a line, as a power cut leaves it: it was cut off.
    Torn {
        /// Bytes.
        bytes: u64,
    },
}

impl Event {
    /// This revision came into force.
    pub fn policy(record: Record, trial_until: Option<Timestamp>) -> Self {
        Self::Policy {
            revision: record.number,
            image: record.image,
            policy: record.policy.sha256,
            gateway: record.gateway.sha256,
            cause: record.cause,
            reason: record.reason,
            trial_until,
        }
    }
}
