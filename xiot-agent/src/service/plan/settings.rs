//! What two policies differ in beside rules and devices: times, what abstractions of MUD files are, who is judged without being listed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use crate::{
    model::{
        mud::Mud,
        policy::{Calendar, Policy},
        times::Times,
    },
    service::state::words,
};

/// Days that are named one by one.
const NAMED: usize = 5;

/// Each difference in one line.
pub(super) fn changes(old: &Policy, new: &Policy) -> Vec<String> {
    let mut all = Vec::new();
    let modes = [old, new].map(|policy| Some(words::mode(policy.onboarding)));
    all.extend(change("onboarding", modes));
    let profiles = [old, new].map(|policy| {
        let profile = policy.profiles.get(policy.default_profile?)?;
        Some(profile.name.as_str())
    });
    all.extend(change("default profile", profiles));
    for (name, differs) in [
        ("dns", old.services.dns != new.services.dns),
        ("ntp", old.services.ntp != new.services.ntp),
        ("dhcp", old.services.dhcp != new.services.dhcp),
    ] {
        all.extend(differs.then(|| format!("services: other servers of {name}")));
    }
    let zones = [old, new].map(|policy| policy.time_zone.as_ref()?.iana_name());
    all.extend(change("time zone", zones));
    all.extend(holidays(old, new));
    let [was, is] = [old, new].map(|policy| calendars(&policy.calendars));
    for name in keys(&was, &is) {
        let what = match (was.get(name), is.get(name)) {
            (None, _) => "added",
            (_, None) => "removed",
            (before, after) if before != after => "other times",
            _ => continue,
        };
        all.push(format!("calendar {name}: {what}"));
    }
    mud(&mut all, &old.mud, &new.mud);
    all
}

/// A line if they differ.
fn change<T: Display + PartialEq>(what: impl Display, [was, is]: [Option<T>; 2]) -> Option<String> {
    let word = |it: &Option<T>| {
        let word = it.as_ref().map(ToString::to_string);
        word.unwrap_or_else(|| "none".to_owned())
    };
    (was != is).then(|| format!("{what}: {} -> {}", word(&was), word(&is)))
}

fn holidays(old: &Policy, new: &Policy) -> Option<String> {
    let [was, is] = [old, new].map(|policy| policy.holidays.iter().collect::<BTreeSet<_>>());
    let added = is.difference(&was).map(|day| format!("+ {day}"));
    let removed = was.difference(&is).map(|day| format!("- {day}"));
    let mut days: Vec<_> = added.chain(removed).collect();
    let more = days.len().saturating_sub(NAMED);
    days.truncate(NAMED);
    if more > 0 {
        days.push(format!("{more} more"));
    }
    (!days.is_empty()).then(|| format!("holidays: {}", days.join(", ")))
}

fn calendars(all: &[Calendar]) -> BTreeMap<&str, &Times> {
    let all = all.iter();
    all.map(|it| (it.name.as_str(), &it.times)).collect()
}

fn keys<'k, V>(was: &BTreeMap<&'k str, V>, is: &BTreeMap<&'k str, V>) -> BTreeSet<&'k str> {
    was.keys().chain(is.keys()).copied().collect()
}

fn mud(all: &mut Vec<String>, old: &Mud, new: &Mud) {
    let [was, is] = [old, new].map(words_of);
    let mut words: BTreeSet<_> = was.keys().collect();
    words.extend(is.keys());
    for word in words {
        all.extend(change(word, [was.get(word), is.get(word)]));
    }
}

/// What each word of MUD files is here.
fn words_of(mud: &Mud) -> BTreeMap<String, &str> {
    let single = [
        ("local-networks", &mud.local_networks),
        ("local-broadcast", &mud.local_broadcast),
    ];
    let single = single
        .into_iter()
        .filter_map(|(word, set)| Some((format!("mud {word}"), set.as_deref()?)));
    let maps = [
        ("mud controllers", &mud.controllers),
        ("mud my-controllers", &mud.my_controllers),
        ("mud manufacturers", &mud.manufacturers),
        ("mud models", &mud.models),
        ("mud-url of profile", &mud.urls),
    ];
    let maps = maps.into_iter().flat_map(|(word, sets)| {
        let sets = sets.iter();
        sets.map(move |(key, set)| (format!("{word} {key}"), set.as_str()))
    });
    single.chain(maps).collect()
}
