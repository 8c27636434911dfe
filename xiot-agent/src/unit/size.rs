//! Sizes in bytes: `16MiB`, `4096`.

/// Why a text is no size.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SizeError {
    /// No number at the start.
    #[error("a size is a number and a unit, as in `16MiB`")]
    NoNumber,
    /// A unit that is none.
    #[error("`{0}` is not a unit of size: use B, KiB, MiB or GiB")]
    UnknownUnit(String),
    /// More bytes than fit.
    #[error("the size is too large")]
    TooLarge,
}

/// Bytes of each unit, largest first.
const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// Reads a size in bytes. A number alone is bytes.
pub fn parse(text: &str) -> Result<u64, SizeError> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() {
        return Err(SizeError::NoNumber);
    }
    let unit = unit.trim_start();
    let factor = if unit.is_empty() {
        1
    } else {
        UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor)
            .ok_or_else(|| SizeError::UnknownUnit(unit.to_owned()))?
    };
    // Digits alone fail to parse only by being too many.
    let count: u64 = digits.parse().map_err(|_overflow| SizeError::TooLarge)?;
    count.checked_mul(factor).ok_or(SizeError::TooLarge)
}

/// Writes a size as [`parse`] reads it, in the largest unit that divides it.
pub fn format(bytes: u64) -> String {
    UNITS
        .iter()
        .find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor))
        .map_or_else(
            || format!("{bytes}B"),
            |(unit, factor)| format!("{}{unit}", bytes / factor),
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [
            ("16MiB", 16 << 20),
            ("1 GiB", 1 << 30),
            ("64KiB", 64 << 10),
            ("4096", 4096),
            ("7B", 7),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_says_why() {
        for (text, error) in [
            ("", SizeError::NoNumber),
            ("MiB", SizeError::NoNumber),
            ("-1", SizeError::NoNumber),
            ("16MB", SizeError::UnknownUnit("MB".into())),
            ("1.5GiB", SizeError::UnknownUnit(".5GiB".into())),
            ("99999999999999999999", SizeError::TooLarge),
            ("18446744073709551615KiB", SizeError::TooLarge),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: u64) {
            prop_assert_eq!(parse(&format(bytes)), Ok(bytes));
        }
    }
}
