//! Kernel series that Debian's releases ship, oldest first.

use std::str::FromStr;

/// One series, and the release of the distribution that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    /// Major and minor number, such as `6.1`.
    pub(crate) name: &'static str,
    /// Code name of the release.
    pub(crate) suite: &'static str,
}

/// The oldest is the floor that README and docs/operations.md state.
pub(crate) const KNOWN: &[Series] = &[
    Series {
        name: "6.1",
        suite: "bookworm",
    },
    Series {
        name: "6.12",
        suite: "trixie",
    },
];

impl FromStr for Series {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = KNOWN.iter().find(|series| series.name == name);
        known.copied().ok_or_else(|| {
            let names: Vec<_> = KNOWN.iter().map(|series| series.name).collect();
            format!(
                "no release is known with it; there are {}",
                names.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_found_by_its_whole_name() {
        assert_eq!(
            "6.1".parse::<Series>().map(|found| found.suite),
            Ok("bookworm")
        );
        assert_eq!(
            "6.12".parse::<Series>().map(|found| found.suite),
            Ok("trixie")
        );
        let error = "6".parse::<Series>().expect_err("there are two of them");
        assert!(error.contains("6.1, 6.12"), "{error}");
    }
}
