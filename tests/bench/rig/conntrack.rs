//! Room for the opponents' conntrack: as much as the flow table of the gateway has.

use std::fs;

/// Connections, and buckets for them: at a million flows two directions a bucket, as conntrack's own defaults have it.
const CONNECTIONS: &str = "4194304";
const BUCKETS: &str = "2097152";

const SETTINGS: [(&str, &str); 2] = [
    ("/sys/module/nf_conntrack/parameters/hashsize", BUCKETS),
    ("/proc/sys/net/netfilter/nf_conntrack_max", CONNECTIONS),
];

/// The table is large as long as this is there. It is one for all namespaces.
#[derive(Debug)]
pub(crate) struct Room {
    before: Vec<(&'static str, String)>,
}

impl Room {
    pub(crate) fn make() -> Self {
        let set = |(path, value): (&'static str, &str)| {
            let before = fs::read_to_string(path).ok()?;
            fs::write(path, value).ok()?;
            Some((path, before))
        };
        Self {
            before: SETTINGS.into_iter().filter_map(set).collect(),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        for (path, value) in self.before.iter().rev() {
            if let Err(error) = fs::write(path, value.trim()) {
                eprintln!("{path} was not set back to {value}: {error}");
            }
        }
    }
}
