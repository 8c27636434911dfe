//! The way of a device from learn to monitor to enforce, and back: what stands in the way, and what the policy file says then.

use jiff::Timestamp;

use super::{
    names::UnknownDevice,
    state::{Criticality, Mode, Opener},
};
use crate::{learn::gate::Obstacle, model::edit::EditError, store::Texts};

/// Which devices are to get another mode.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// These, by name.
    pub devices: Vec<String>,
    /// Those of this profile.
    pub profile: Option<String>,
    /// Those of this group.
    pub group: Option<String>,
    /// To which mode.
    pub to: To,
    /// Which obstacles count for nothing.
    pub waived: Waived,
    /// Devices that are not ready stay as they are; else there is no change at all.
    pub only_ready: bool,
}

/// To which mode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum To {
    /// The next stricter one, or this one where it is stricter.
    Up(Option<Mode>),
    /// The next laxer one, or this one where it is laxer.
    Down(Option<Mode>),
}

impl Default for To {
    fn default() -> Self {
        Self::Up(None)
    }
}

impl To {
    /// The mode that a device in this one gets; none: it stays.
    pub fn of(self, mode: Mode) -> Option<Mode> {
        let next = match self {
            Self::Up(Some(to)) | Self::Down(Some(to)) => to,
            Self::Up(None) => match mode {
                Mode::Learn => Mode::Monitor,
                Mode::Monitor | Mode::Enforce => Mode::Enforce,
            },
            Self::Down(None) => match mode {
                Mode::Enforce => Mode::Monitor,
                Mode::Monitor | Mode::Learn => Mode::Learn,
            },
        };
        let is_wanted = match self {
            Self::Up(_) => next > mode,
            Self::Down(_) => next < mode,
        };
        is_wanted.then_some(next)
    }
}

/// Which obstacles count for nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Waived {
    /// None.
    #[default]
    Nothing,
    /// What would be dropped was looked at, and is meant.
    Drops,
    /// All of them.
    All,
}

impl Waived {
    /// Whether it waives this one.
    pub const fn waives(self, obstacle: &Obstacle) -> bool {
        match self {
            Self::Nothing => false,
            Self::Drops => matches!(obstacle, Obstacle::WouldDrop(_) | Obstacle::Quiet(..)),
            Self::All => true,
        }
    }
}

/// A device, and what is known about it getting another mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub device: String,
    /// Its profile.
    pub profile: String,
    /// What a failure of it means.
    pub criticality: Option<Criticality>,
    /// Its mode.
    pub from: Mode,
    /// Since when, as far as anybody looked.
    pub since: Option<Timestamp>,
    /// The mode that it would get.
    pub to: Mode,
    /// What stands in the way; what is waived is not among it.
    pub obstacles: Vec<Obstacle>,
    /// What of that which it did its policy would drop in mode enforce, but for what was withheld when rules were proposed.
    pub would_drop: Vec<Lost>,
    /// Conversations that it would drop and that were withheld.
    pub withheld: usize,
}

/// A conversation that would be dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// Who opens it.
    pub initiator: Opener,
    /// IP protocol number.
    pub protocol: u8,
    /// Port of the side that does not open it; ICMP: `type << 8 | code`; 0 where there is none.
    pub port: u16,
    /// The other side.
    pub peer: std::net::IpAddr,
    /// What that is called.
    pub peer_name: Option<String>,
    /// Hours in which it was seen.
    pub hours: u32,
    /// When it was seen last.
    pub last_seen: Option<Timestamp>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    /// The devices that are wanted, those that lives depend on first.
    pub devices: Vec<Candidate>,
    /// The policy file with the new modes; the same as before where nothing is to be done.
    pub text: String,
    /// Both files as they are.
    pub before: Texts,
    /// Path of the policy file.
    pub file: std::path::PathBuf,
    /// The revision in force that it was looked at with.
    pub revision: u64,
}

/// Nothing can be promoted.
#[derive(Debug, thiserror::Error)]
pub enum PromotionError {
    /// No such device.
    #[error(transparent)]
    UnknownDevice(#[from] UnknownDevice),
    /// No such profile or group.
    #[error("the policy has no {what} `{name}`{}", .closest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Unknown {
        /// `profile` or `group`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What may have been meant.
        closest: Option<String>,
    },
    /// None was named.
    #[error("name devices, a --profile or a --group")]
    Nobody,
    /// All have that mode already, or one beyond it.
    #[error("there is nothing to do: {0}")]
    Nothing(String),
    /// What would be changed is not what is in force.
    #[error(
        "{0} is not the policy in force: `xiot-agent diff` shows what differs; `apply` it, or bring the file back first"
    )]
    OtherFile(String),
    /// The policy's text can't be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_go_one_step_or_straight_to_the_one_that_is_named() {
        let modes = [Mode::Learn, Mode::Monitor, Mode::Enforce];
        let all = |to: To| modes.map(|mode| to.of(mode));
        let (monitor, enforce) = (Some(Mode::Monitor), Some(Mode::Enforce));
        assert_eq!(all(To::Up(None)), [monitor, enforce, None]);
        assert_eq!(all(To::Up(enforce)), [enforce, enforce, None]);
        assert_eq!(all(To::Up(monitor)), [monitor, None, None]);
        assert_eq!(all(To::Down(None)), [None, Some(Mode::Learn), monitor]);
        assert_eq!(all(To::Down(monitor)), [None, None, monitor]);
    }

    #[test]
    fn whoever_accepts_drops_has_not_watched_for_longer() {
        let drops = [Obstacle::WouldDrop(2), Obstacle::Quiet(0, 24)];
        let others = [
            Obstacle::Watched(1, 2),
            Obstacle::Unseen(9, 1),
            Obstacle::NotMonitored,
        ];
        assert!(drops.iter().all(|it| Waived::Drops.waives(it)));
        assert!(others.iter().all(|it| !Waived::Drops.waives(it)));
        for it in drops.iter().chain(&others) {
            assert!(Waived::All.waives(it) && !Waived::Nothing.waives(it));
        }
    }
}
