//! What MUD abstractions are at the site, as written: maps from what files say to names of peer sets.

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Fields, Spanned, items, name, shorten, text},
        yaml::Node,
    },
    unit::mud_url,
};

/// What a file says, and the peer set that it stands for here.
pub(crate) type RawEntry<'n> = (Spanned<&'n str>, Spanned<&'n str>);

/// The map `mud` as written.
#[derive(Debug, Default)]
pub(crate) struct RawMud<'n> {
    pub(crate) local_networks: Option<Spanned<&'n str>>,
    pub(crate) local_broadcast: Option<Spanned<&'n str>>,
    pub(crate) controllers: Vec<RawEntry<'n>>,
    pub(crate) my_controllers: Vec<RawEntry<'n>>,
    pub(crate) manufacturers: Vec<RawEntry<'n>>,
    pub(crate) models: Vec<RawEntry<'n>>,
}

pub(super) fn read_mud<'n>(node: Option<&'n Node<'_>>, report: &mut Report) -> RawMud<'n> {
    const KEYS: [&str; 6] = [
        "local-networks",
        "local-broadcast",
        "controllers",
        "my-controllers",
        "manufacturers",
        "models",
    ];
    let Some(fields) = node.and_then(|node| Fields::read(node, "`mud`", &KEYS, report)) else {
        return RawMud::default();
    };
    let mut set = |key| {
        fields
            .get(key)
            .and_then(|node| name(node, "a peer set", report))
    };
    let (local_networks, local_broadcast) = (set("local-networks"), set("local-broadcast"));
    let entries = |key, what, check: fn(&str) -> Option<String>, report: &mut Report| {
        read_entries(fields.get(key), what, check, report)
    };
    RawMud {
        local_networks,
        local_broadcast,
        controllers: entries("controllers", "`controllers`", not_uri, report),
        my_controllers: entries("my-controllers", "`my-controllers`", |_| None, report),
        manufacturers: entries("manufacturers", "`manufacturers`", not_host, report),
        models: entries("models", "`models`", not_url, report),
    }
}

/// Reads the MUD URL of a profile.
pub(super) fn read_url<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<&'n str> {
    let url = text(node, "a URL", report)?;
    if let Some(hint) = not_url(url.value) {
        report.push(bad_url(url.value, url.span, "a MUD URL", hint));
        return None;
    }
    Some(url.value)
}

fn read_entries<'n>(
    node: Option<&'n Node<'_>>,
    map: &str,
    check: fn(&str) -> Option<String>,
    report: &mut Report,
) -> Vec<RawEntry<'n>> {
    let mut entries = Vec::new();
    for (key, span, value) in items(node, map, report) {
        let set = name(value, "a peer set", report);
        if let Some(hint) = check(key) {
            report.push(bad_url(key, span, &format!("a key of {map}"), hint));
        } else if let Some(set) = set {
            entries.push((Spanned::new(key, span), set));
        }
    }
    entries
}

fn bad_url(text: &str, span: Span, what: &str, hint: String) -> Diagnostic {
    Diagnostic::new(
        Code::BadUrl,
        span,
        format!("`{}` cannot be {what}", shorten(text)),
    )
    .hint(hint)
}

/// Why a text is no MUD URL.
fn not_url(text: &str) -> Option<String> {
    mud_url::authority(text)
        .err()
        .map(|error| error.to_string())
}

/// Why a text is no class of services: any URI is one.
fn not_uri(text: &str) -> Option<String> {
    (!mud_url::is_uri(text)).then(|| {
        "a URI, as files of makers have it: `urn:ietf:params:mud:dns` or `https://vendor.example.com/controller`".to_owned()
    })
}

/// Why a text is no host of a MUD URL.
fn not_host(text: &str) -> Option<String> {
    let host = mud_url::authority(&format!("https://{text}/"));
    (host.as_deref() != Ok(text)).then(|| {
        "the host of MUD URLs in lower case, without `https://`: `vendor.example.com`".to_owned()
    })
}
