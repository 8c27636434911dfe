//! Recorded numbers of instructions, by kernel series and variant.

use toml::Table;

/// Growth in hundredths that a change may bring without a word.
const TOLERANCE: u64 = 10;

/// Numbers recorded for one kernel series.
#[derive(Debug)]
pub(crate) struct Record {
    series: String,
    numbers: Table,
}

/// A number beside the recorded one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// Near it or below.
    Fits,
    /// There is none for this kernel and variant.
    NotRecorded,
    /// More than the tolerance above.
    TooMuch {
        /// What was recorded.
        recorded: u64,
    },
}

impl Record {
    /// What is recorded in this text for the series of a kernel release, which may be nothing.
    pub(crate) fn of(text: &str, release: &str) -> Self {
        let mut all: Table = text
            .parse()
            .unwrap_or_else(|error| panic!("the recorded numbers are no TOML: {error}"));
        let series = series(release);
        let numbers = match all.remove(&series) {
            None => Table::new(),
            Some(toml::Value::Table(numbers)) => numbers,
            Some(other) => panic!("the record of {series} is no table: {other:?}"),
        };
        Self { series, numbers }
    }

    /// Kernel series, such as `6.12`.
    pub(crate) fn series(&self) -> &str {
        &self.series
    }

    /// Holds a number against the recorded one.
    pub(crate) fn growth(&self, variant: &str, found: u32) -> Growth {
        let Some(recorded) = self.numbers.get(variant) else {
            return Growth::NotRecorded;
        };
        let recorded = recorded
            .as_integer()
            .and_then(|number| u64::try_from(number).ok())
            .unwrap_or_else(|| panic!("{variant} of {} is no count: {recorded:?}", self.series));
        if u64::from(found) * 100 > recorded * (100 + TOLERANCE) {
            Growth::TooMuch { recorded }
        } else {
            Growth::Fits
        }
    }
}

/// Major and minor number of a release such as `6.12.117+deb13-amd64`. Stable updates keep to them.
fn series(release: &str) -> String {
    let numbers: Vec<_> = release.splitn(3, '.').take(2).collect();
    numbers.join(".")
}

const EXAMPLE: &str = "[\"6.12\"]\nplain = 1000\n";

#[test]
fn a_number_is_held_against_that_of_its_kernel_and_variant() {
    let record = Record::of(EXAMPLE, "6.12.117+deb13-amd64");
    assert_eq!(record.series(), "6.12");
    assert_eq!(record.growth("plain", 1), Growth::Fits);
    assert_eq!(record.growth("plain", 1100), Growth::Fits);
    let too_much = Growth::TooMuch { recorded: 1000 };
    assert_eq!(record.growth("plain", 1101), too_much);
    assert_eq!(record.growth("trace", 1), Growth::NotRecorded);
}

#[test]
fn another_kernel_is_not_held_against_it() {
    for release in ["6.1.0-50-amd64", "6.120.0", "5.12.1"] {
        let record = Record::of(EXAMPLE, release);
        assert_eq!(record.growth("plain", u32::MAX), Growth::NotRecorded);
    }
}
