//! The profiles that devices get for what they alone do.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::{rules::Draft, words::Words};
use crate::{
    model::{
        edit::{self, EditError},
        limit::MAX_NAME_BYTES,
        policy::{Policy, Profile},
    },
    unit::hex,
};

/// Bytes of a hash in a name, of two digits each.
const HASHED: usize = 4;

/// Profiles of devices, which are written all at once: each change of a text takes a look at all of it.
#[derive(Debug)]
pub(super) struct Exceptions {
    taken: Taken,
    /// Names and bodies.
    profiles: Vec<(String, Vec<String>)>,
    /// Names of the devices, in the same order.
    devices: Vec<String>,
}

impl Exceptions {
    /// None so far of this policy.
    pub(super) fn of(policy: &Policy) -> Self {
        let names = policy.profiles.iter().map(|it| it.name.clone());
        Self {
            taken: Taken(names.collect()),
            profiles: Vec::new(),
            devices: Vec::new(),
        }
    }

    /// Gives a device a profile of its own: that which it has, and what it alone does.
    pub(super) fn add(
        &mut self,
        (profile, device): (&Profile, &str),
        drafts: &[Draft],
        words: &Words<'_>,
    ) {
        let name = self.taken.give(&profile.name, device);
        let mut lines = vec![words.exception(device)];
        lines.extend(drafts.iter().flat_map(|draft| words.rule(draft)));
        let mut body = vec![format!("include: {}", profile.name), "allow:".to_owned()];
        body.extend(lines.iter().map(|line| format!("  {line}")));
        self.profiles.push((name, body));
        self.devices.push(device.to_owned());
    }

    /// The text with them.
    pub(super) fn write(self, text: String) -> Result<String, EditError> {
        if self.profiles.is_empty() {
            return Ok(text);
        }
        let text = edit::add_profiles(&text, &self.profiles)?;
        let names = self.profiles.iter().map(|(name, _)| name.as_str());
        let devices: Vec<_> = self.devices.iter().map(String::as_str).zip(names).collect();
        edit::set_profiles(&text, &devices)
    }
}

/// Names of profiles that are taken.
#[derive(Debug)]
struct Taken(HashSet<String>);

impl Taken {
    /// A name for the profile of this device, which includes this one: both names where that is short enough and no profile has it, else their beginnings
    /// and a hash of them, so that another proposal has the same name for it.
    fn give(&mut self, profile: &str, device: &str) -> String {
        let whole = format!("{profile}.{device}");
        if whole.len() <= MAX_NAME_BYTES && self.0.insert(whole.clone()) {
            return whole;
        }
        let mut number = 0_u32;
        loop {
            let name = shortened(profile, device, number);
            if self.0.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }
}

fn shortened(profile: &str, device: &str, number: u32) -> String {
    let mut hash = Sha256::new();
    // No name has a zero in it.
    for part in [profile.as_bytes(), device.as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(number.to_be_bytes());
    let hash: String = hex::format(&hash.finalize())
        .chars()
        .take(2 * HASHED)
        .collect();
    // The dot and the hyphen. Devices of a profile differ in the ends of their names, if anywhere: the profile's is cut first.
    let room = MAX_NAME_BYTES - hash.len() - 2;
    let of_profile = room.saturating_sub(device.len()).max(room / 3);
    let profile: String = profile.chars().take(of_profile).collect();
    let device: String = device.chars().take(room - profile.len()).collect();
    format!("{profile}.{device}-{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(names: &[&str]) -> Taken {
        Taken(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn both_names_stand_where_there_is_room_for_them() {
        let mut taken = taken(&["pump"]);
        assert_eq!(taken.give("pump", "pump-1"), "pump.pump-1");
        let (profile, device) = ("p".repeat(31), "d".repeat(31));
        assert_eq!(taken.give(&profile, &device), format!("{profile}.{device}"));
    }

    #[test]
    fn a_name_that_is_too_long_or_taken_is_valid_alike_and_its_own() {
        let long = "infusion-pump-of-the-intensive-care-unit-on-the-second-floor-ab";
        assert_eq!(long.len(), MAX_NAME_BYTES);
        let device = |end: &str| {
            let begin: String = long.chars().take(MAX_NAME_BYTES - end.len()).collect();
            begin + end
        };
        let mut names = HashSet::new();
        for (profile, device) in [
            (long, device("-1")),
            (long, device("-2")),
            ("pump", device("-1")),
            (long, "d".to_owned()),
            // Both are written as `a.b.c`.
            ("a.b", "c".to_owned()),
        ] {
            let name = taken(&["a.b.c"]).give(profile, &device);
            assert!(name.len() <= MAX_NAME_BYTES, "{name}");
            assert!(
                name.chars()
                    .all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it)),
                "{name}"
            );
            assert_eq!(name.get(..3), profile.get(..3));
            assert_eq!(taken(&["a.b.c"]).give(profile, &device), name);
            assert!(names.insert(name));
        }
        let mut all = taken(&[]);
        assert_eq!(all.give("a", "b.c"), "a.b.c");
        let second = all.give("a.b", "c");
        assert_ne!(second, "a.b.c");
        assert_ne!(all.give("a.b", "c"), second);
    }
}
