//! `mud import`: a maker's file as a profile.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{
        exit::{Exit, Failure, OrExit as _, Outcome},
        output,
    },
    policy, read,
};
use crate::mud::{
    file::File,
    import::{Imported, Site, clean, import, profile_name},
    meaning::{Meaning, Unexpressed, meaning},
    signature::{self, Signer, read_anchors, verify},
};

/// Largest MUD file that is read.
pub(in crate::cli) const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Largest file of trusted certificates: those of a whole system.
const MAX_ANCHORS: u64 = 4 * 1024 * 1024;

/// Print the profile that a maker's MUD file comes to, as a piece of a policy.
///
/// The piece has the profile, the peer sets that the site has to fill, and what the file's words are here (`mud`). Nothing is changed: put it into the
/// policy, fill the empty lists, and check. What of the file can't be said in a profile is told on standard error and in the piece. Exit code 1, and
/// nothing printed, if the file or its signature is not what it must be.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// MUD file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name of the profile; made of the MUD URL where none is given.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Policy that the piece is for: its `mud` says which peer sets there are already.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Signature of the file: a detached CMS in DER (.p7s).
    #[arg(long, value_name = "FILE", requires = "ca")]
    signature: Option<PathBuf>,
    /// Certificates that signers are trusted by, PEM.
    #[arg(long, value_name = "FILE", requires = "signature")]
    ca: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let bytes = read(&args.file, MAX_BYTES)?;
    let signer = signer(args, &bytes)?;
    let (file, meaning) = parse(&args.file, &bytes)?;
    let site = match &args.policy {
        None => Site::default(),
        Some(path) => match policy(path)? {
            Some((policy, _)) => Site::of(&policy),
            None => return Ok(Exit::Findings),
        },
    };
    let url = &file.mud.url;
    let profile = match &args.profile {
        Some(name) => checked_name(name)?,
        None => profile_name(url),
    };
    let imported = import(&meaning, url, &profile, &site).or_exit(Exit::Usage)?;
    if signer.is_none() {
        output::note(&format!("warning: {}", clean(&unsigned(&file))))?;
    }
    for one in &meaning.unexpressed {
        output::note(&told(one))?;
    }
    if args.json {
        output::print_json(&Report::new(&file, &imported, &meaning, signer.as_ref()))?;
    } else {
        let mut text = remarks(&file, &meaning, signer.as_ref());
        text.push_str(&imported.fragment());
        output::print(&text)?;
    }
    Ok(Exit::Success)
}

/// Who signed the file, if a signature was given.
fn signer(args: &Args, bytes: &[u8]) -> Result<Option<Signer>, Failure> {
    let (Some(path), Some(ca)) = (&args.signature, &args.ca) else {
        return Ok(None);
    };
    let signature = read(path, signature::MAX_BYTES)?;
    let anchors = read(ca, MAX_ANCHORS)?;
    let refused = |path: &Path, error: signature::SignatureError| Failure {
        exit: Exit::Findings,
        error: anyhow::anyhow!("{}: {}", path.display(), clean(&error.to_string())),
    };
    let anchors = read_anchors(&anchors).map_err(|error| refused(ca, error))?;
    verify(bytes, &signature, &anchors, Timestamp::now())
        .map(Some)
        .map_err(|error| refused(path, error))
}

/// The file, and what it allows.
pub(in crate::cli) fn parse(path: &Path, bytes: &[u8]) -> Result<(File, Meaning), Failure> {
    let wrong = |what: String| Failure {
        exit: Exit::Findings,
        error: anyhow::anyhow!("{}: {}", path.display(), clean(&what)),
    };
    let file: File = serde_json::from_slice(bytes)
        .map_err(|error| wrong(format!("it is not a MUD file (RFC 8520): {error}")))?;
    if file.mud.version != 1 {
        let version = file.mud.version;
        return Err(wrong(format!(
            "it is of version {version}, and 1 is what RFC 8520 describes"
        )));
    }
    let meaning = meaning(&file).map_err(|error| wrong(format!("`{}`: {error}", file.mud.url)))?;
    Ok((file, meaning))
}

/// A name that the policy language takes.
fn checked_name(name: &str) -> Result<String, Failure> {
    let first = name
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric());
    let others = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if first && others && name.len() <= crate::model::limit::MAX_NAME_BYTES {
        return Ok(name.to_owned());
    }
    Err(Failure {
        exit: Exit::Usage,
        error: anyhow::anyhow!(
            "`{}` cannot be the name of a profile: up to 63 letters a-z and A-Z, digits, `-`, `_` and `.`, the first a letter or a digit",
            clean(name)
        ),
    })
}

/// What there is to say of a file that nobody was shown to have signed.
fn unsigned(file: &File) -> String {
    match &file.mud.signature {
        Some(url) => format!(
            "the file has a signature at {url}, which was not checked: nobody answers for what it says. Fetch it and give it with --signature and --ca"
        ),
        None => "the file is not signed: nobody answers for what it says".to_owned(),
    }
}

/// What could not be expressed, in one line.
pub(in crate::cli) fn told(one: &Unexpressed) -> String {
    let what = if one.kept { "wider" } else { "not expressed" };
    format!("{what}: {}", clean(&one.to_string()))
}

/// Where a profile comes from, as comments.
fn remarks(file: &File, meaning: &Meaning, signer: Option<&Signer>) -> String {
    let mud = &file.mud;
    let mut lines = vec![
        format!("From the MUD file {}", mud.url),
        format!("last changed {}", mud.last_update),
    ];
    lines.extend(mud.systeminfo.iter().map(|text| format!("about: {text}")));
    if !mud.is_supported {
        lines.push("its maker does not support the device any more".to_owned());
    }
    lines.push(match signer {
        Some(signer) => format!("signed by {}", signer.subject),
        None => unsigned(file),
    });
    lines.push(format!(
        "entries: {}; said below as not expressed, or wider than the file: {}",
        meaning.entries,
        meaning.unexpressed.len()
    ));
    lines.extend(meaning.unexpressed.iter().map(told));
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a text does not fail.
        writeln!(text, "# {}", clean(line)).unwrap_or_default();
        text
    })
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'r> {
    profile: &'r str,
    mud_url: &'r str,
    last_update: &'r str,
    systeminfo: Option<&'r str>,
    is_supported: bool,
    /// Subject of the certificate; none: not signed, or not checked.
    signed_by: Option<&'r str>,
    entries: usize,
    services: &'r [&'static str],
    /// Rules in the policy language.
    rules: &'r [String],
    /// Peer sets that the site has to fill.
    new_peer_sets: Vec<NewSet<'r>>,
    /// Services whose servers the policy has to list.
    missing_servers: &'r [&'static str],
    unexpressed: Vec<Lost<'r>>,
    /// The piece of a policy.
    policy: String,
}

#[derive(Serialize)]
struct NewSet<'r> {
    name: &'r str,
    holds: &'r str,
}

#[derive(Serialize)]
struct Lost<'r> {
    list: Option<&'r str>,
    entry: Option<&'r str>,
    /// Whether the profile allows it without this condition.
    wider: bool,
    reason: String,
}

impl<'r> Report<'r> {
    fn new(
        file: &'r File,
        imported: &'r Imported,
        meaning: &'r Meaning,
        signer: Option<&'r Signer>,
    ) -> Self {
        let sets = imported.sets.iter();
        let lost = meaning.unexpressed.iter();
        Self {
            profile: &imported.profile,
            mud_url: &imported.url,
            last_update: &file.mud.last_update,
            systeminfo: file.mud.systeminfo.as_deref(),
            is_supported: file.mud.is_supported,
            signed_by: signer.map(|signer| signer.subject.as_str()),
            entries: meaning.entries,
            services: &imported.services,
            rules: &imported.rules,
            new_peer_sets: sets
                .map(|set| NewSet {
                    name: &set.name,
                    holds: &set.holds,
                })
                .collect(),
            missing_servers: &imported.missing_servers,
            unexpressed: lost
                .map(|one| Lost {
                    list: one.list.as_deref(),
                    entry: one.entry.as_deref(),
                    wider: one.kept,
                    reason: one.reason.to_string(),
                })
                .collect(),
            policy: imported.fragment(),
        }
    }
}
