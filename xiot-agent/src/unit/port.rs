//! Ports and ranges of ports: `3613`, `8000-8009`.

use std::ops::RangeInclusive;

/// Why a text is no port or range.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PortError {
    /// Not a number.
    #[error("a port is a number from 1 to 65535, a range as in `8000-8009`, or `any`")]
    Shape,
    /// A number that no port has.
    #[error("port {0} is out of range: ports go from 1 to 65535")]
    OutOfRange(String),
    /// A range from high to low.
    #[error("the range is reversed: {high} is less than {low}")]
    Reversed {
        /// What stands first.
        low: u16,
        /// What stands second.
        high: u16,
    },
}

/// Every port.
pub const ANY: RangeInclusive<u16> = 0..=u16::MAX;

/// Reads a port or an inclusive range; `any` is every port.
pub fn parse(text: &str) -> Result<RangeInclusive<u16>, PortError> {
    let text = text.trim();
    if text == "any" {
        return Ok(ANY);
    }
    let Some((low, high)) = text.split_once('-') else {
        let port = number(text)?;
        return Ok(port..=port);
    };
    let (low, high) = (number(low)?, number(high)?);
    if low > high {
        return Err(PortError::Reversed { low, high });
    }
    Ok(low..=high)
}

fn number(text: &str) -> Result<u16, PortError> {
    let text = text.trim();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit()) {
        return Err(PortError::Shape);
    }
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(|| PortError::OutOfRange(text.to_owned()))
}

/// Writes a range as [`parse`] reads it.
pub fn format(range: &RangeInclusive<u16>) -> String {
    if *range == ANY {
        "any".to_owned()
    } else if range.start() == range.end() {
        range.start().to_string()
    } else {
        format!("{}-{}", range.start(), range.end())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ports_as_people_write_them() {
        for (text, range) in [
            ("3613", 3613..=3613),
            ("8000-8009", 8000..=8009),
            ("8000 - 8009", 8000..=8009),
            ("1-65535", 1..=65535),
            ("0080", 80..=80),
            ("any", ANY),
        ] {
            assert_eq!(parse(text), Ok(range), "{text}");
        }
    }

    #[test]
    fn what_is_no_port_says_why() {
        for (text, error) in [
            ("0", PortError::OutOfRange("0".into())),
            ("65536", PortError::OutOfRange("65536".into())),
            ("0-80", PortError::OutOfRange("0".into())),
            ("80-70000", PortError::OutOfRange("70000".into())),
            ("9-8", PortError::Reversed { low: 9, high: 8 }),
            ("", PortError::Shape),
            ("-", PortError::Shape),
            ("-80", PortError::Shape),
            ("80-", PortError::Shape),
            ("1e3", PortError::Shape),
            ("0x50", PortError::Shape),
            ("+80", PortError::Shape),
            ("1-2-3", PortError::Shape),
            ("https", PortError::Shape),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(a in 1..=u16::MAX, b in 1..=u16::MAX) {
            let range = a.min(b)..=a.max(b);
            prop_assert_eq!(parse(&format(&range)), Ok(range));
        }
    }
}
