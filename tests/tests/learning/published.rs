//! How far a MUD file that was published for a product agrees with what a capture shows of one: which conversations it allows, and which of its rules were used.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::PathBuf};

use xiot_agent::{
    mud::{
        file::File,
        import::{Site, import},
        meaning::meaning,
    },
    unit,
};
use xiot_tests::frame::Mac;

use crate::{
    case::Cases,
    film::Film,
    habit::Habit,
    site::{self, NAME},
    trial::Trial,
};

/// The laboratory's network, and those that all of it hears.
const NETWORK: &str = "10.10.10.0/24";
const BROADCAST: &str = "255.255.255.255, 10.10.10.255";

/// An error that writing to a text never has.
const NEVER: &str = "texts take what is written to them";

#[test]
fn published_files_allow_a_part_of_what_devices_do() {
    let Some(cases) = Cases::read() else { return };
    let root = directory();
    if fs::metadata(&root).is_err() {
        println!(
            "skipped: no published MUD files at {}; XIOT_MUD_FILES names another place",
            root.display()
        );
        return;
    }
    let mut trial = Trial::new();
    let mut table = "| device | capture | published for | conversations | allowed | rules | used |\n|---|---|---|--:|--:|--:|--:|\n".to_owned();
    let mut worse = Vec::new();
    for comparison in &cases.mud {
        let path = root.join(&comparison.published);
        let json =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let case = cases.of(&comparison.file);
        let text = policy(case.mac(), &json, cases.servers(case));
        let rules = site::policy(&text)
            .profiles
            .iter()
            .map(|it| it.rules.len())
            .sum::<usize>();
        trial.begin(&text);
        let judged = trial.judge(&Film::of(&case.file, case.mac()).scenes, 0);
        let denied: BTreeSet<Habit> = judged.denied_habits().into_iter().collect();
        let by_rule = judged.allowed.iter().filter(|(_, rules)| !rules.is_empty());
        let allowed = by_rule.filter(|(habit, _)| !denied.contains(habit)).count();
        let used: BTreeSet<u32> = judged.allowed.values().flatten().copied().collect();
        writeln!(
            table,
            "| {} | {} | {} | {} | {allowed} | {rules} | {} |",
            case.device,
            case.file,
            comparison.product,
            allowed + denied.len(),
            used.len(),
        )
        .expect(NEVER);
        println!(
            "{} by {}: not allowed {denied:?}",
            case.file, comparison.published
        );
        if (allowed, used.len()) != comparison.agreed {
            worse.push(format!("{}: {:?}", case.file, (allowed, used.len())));
        }
    }
    println!("{table}");
    assert!(
        worse.is_empty(),
        "another agreement than in cases.toml: {worse:?}"
    );
}

/// The file's profile in mode monitor, with the words of the file as they are in the laboratory.
fn policy(mac: Mac, json: &str, servers: &[String]) -> String {
    let file: File = serde_json::from_str(json).expect("a MUD file");
    let meaning = meaning(&file).expect("with a MUD URL");
    let imported = import(&meaning, &file.mud.url, NAME, &Site::default()).expect("a free name");
    let servers = servers.join(", ");
    let mut text = "onboarding: learn\n".to_owned();
    for line in imported.fragment().lines() {
        let filled = match line.split_once("[] # to be filled in: ") {
            Some((_, holds)) if holds.contains("broadcast") => BROADCAST,
            Some((_, holds)) if holds.contains("networks") => NETWORK,
            Some(_) | None => &servers,
        };
        writeln!(text, "{}", line.replace("[]", &format!("[{filled}]"))).expect(NEVER);
    }
    let mac = unit::mac::format(mac);
    writeln!(
        text,
        "devices:\n  - {{name: {NAME}, mac: \"{mac}\", profile: {NAME}, mode: monitor}}"
    )
    .expect(NEVER);
    text
}

fn directory() -> PathBuf {
    env::var_os("XIOT_MUD_FILES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/mud"),
        PathBuf::from,
    )
}
