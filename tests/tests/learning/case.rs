//! Which captures are learned from, of which device each is, and what must not become worse.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use xiot_agent::unit;
use xiot_tests::frame::Mac;

use crate::film::directory;

/// The file that says so.
const CASES: &str = include_str!("cases.toml");

/// A capture of a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The capture, below the directory of captures.
    pub(crate) file: String,
    /// What the device is.
    pub(crate) device: String,
    mac: String,
    /// Its site; none: nothing is known of it.
    site: Option<String>,
    /// Another capture of the same device, which is judged by what was learned in all of this one.
    pub(crate) again: Option<String>,
    /// Conversations of the rest that would be dropped, at most: after half of the capture, after four fifths of it, in the other capture.
    pub(crate) most: Vec<usize>,
}

impl Case {
    pub(crate) fn mac(&self) -> Mac {
        unit::mac::parse(&self.mac).expect("a MAC")
    }

    /// Whether it shows how a device is set up: minutes in which it does everything for the first time.
    pub(crate) fn is_setup(&self) -> bool {
        self.site.is_some()
    }
}

/// A capture, and a MUD file that was published for the product, or one like it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Comparison {
    /// The capture, which is that of a case.
    pub(crate) file: String,
    /// The file, below the directory of MUD files.
    pub(crate) published: String,
    /// The product that it is of.
    pub(crate) product: String,
    /// Conversations of the capture that it allows, and rules of it that they use.
    pub(crate) agreed: (usize, usize),
}

/// All of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cases {
    /// Servers of DNS and DHCP of each site.
    sites: BTreeMap<String, Vec<String>>,
    pub(crate) case: Vec<Case>,
    pub(crate) mud: Vec<Comparison>,
}

impl Cases {
    /// Those that can be tried here; none, and a word about it, where captures are missing.
    pub(crate) fn read() -> Option<Self> {
        let directory = directory();
        if fs::metadata(Path::new(&directory).join("index.csv")).is_err() {
            println!(
                "skipped: no captures at {}; XIOT_CAPTURES names another place",
                directory.display()
            );
            return None;
        }
        Some(toml::from_str(CASES).expect("cases.toml"))
    }

    /// The case of a capture.
    pub(crate) fn of(&self, file: &str) -> &Case {
        let found = self.case.iter().find(|case| case.file == file);
        found.unwrap_or_else(|| panic!("cases.toml has no case of {file}"))
    }

    /// Servers at the site of a case.
    pub(crate) fn servers(&self, case: &Case) -> &[String] {
        let site = case.site.as_ref().map(|site| &self.sites[site]);
        site.map_or(&[], Vec::as_slice)
    }
}
