//! Room for the opponents' conntrack: as much as the flow table of the gateway has.

use std::fs;

const BUCKETS: &str = "/sys/module/nf_conntrack/parameters/hashsize";
const CONNECTIONS: &str = "/proc/sys/net/netfilter/nf_conntrack_max";

/// What kernels take by themselves on machines of this size. More than are needed would only miss the cache more often.
const USUAL_BUCKETS: u32 = 1 << 18;

/// The table is large as long as this is there. It is one for all namespaces.
#[derive(Debug)]
pub(crate) struct Room {
    before: Vec<(&'static str, String)>,
}

impl Room {
    /// A bucket for each direction of so many flows.
    pub(crate) fn for_flows(flows: u32) -> Self {
        let buckets = (2 * flows).max(USUAL_BUCKETS);
        let settings = [
            (BUCKETS, buckets.to_string()),
            (CONNECTIONS, (4 * flows).max(1 << 20).to_string()),
        ];
        let set = |(path, value): (&'static str, String)| {
            let before = fs::read_to_string(path).ok()?;
            fs::write(path, value).ok()?;
            Some((path, before))
        };
        Self {
            before: settings.into_iter().filter_map(set).collect(),
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
