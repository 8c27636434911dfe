//! Ethernet types by name (IEEE "EtherType Public Listing").

use std::fmt;

/// Types that occur in front of devices, by the names that people use.
pub const NAMES: [(&str, u16); 16] = [
    ("wol", 0x0842),
    ("lacp", 0x8809),
    ("eapol", 0x888e),
    ("profinet", 0x8892),
    ("ethercat", 0x88a4),
    ("powerlink", 0x88ab),
    ("goose", 0x88b8),
    ("gse", 0x88b9),
    ("sampled-values", 0x88ba),
    ("lldp", 0x88cc),
    ("sercos", 0x88cd),
    ("mrp", 0x88e3),
    ("macsec", 0x88e5),
    ("ptp", 0x88f7),
    ("prp", 0x88fb),
    ("cfm", 0x8902),
];

/// Below this the field is a length (IEEE 802.3, 3.2.6).
const FIRST: u16 = 0x0600;

/// Why a text names no type that may be allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EthertypeError {
    /// Neither a name nor a number.
    NotOne,
    /// A length, not a type.
    Length,
    /// ARP and IP, which profiles allow.
    Judged,
    /// A VLAN tag.
    Tag,
}

impl fmt::Display for EthertypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOne => {
                "a name such as `lldp` or `profinet`, or a number from 0x0600 to 0xffff"
            }
            Self::Length => "types begin at 0x0600; below it the field is the length of the frame",
            Self::Judged => "ARP and IP are allowed by the services and rules of profiles",
            Self::Tag => "VLAN tags are read as such; name the type behind them",
        })
    }
}

/// Reads a name or a number, decimal or with `0x`.
pub fn parse(text: &str) -> Result<u16, EthertypeError> {
    let named = NAMES.iter().find(|(name, _)| *name == text);
    let number = match named {
        Some((_, number)) => *number,
        None => number(text).ok_or(EthertypeError::NotOne)?,
    };
    match number {
        ..FIRST => Err(EthertypeError::Length),
        0x0800 | 0x0806 | 0x86dd => Err(EthertypeError::Judged),
        0x8100 | 0x88a8 => Err(EthertypeError::Tag),
        _ => Ok(number),
    }
}

fn number(text: &str) -> Option<u16> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    digits
        .chars()
        .all(|c| c.is_digit(radix))
        .then(|| u16::from_str_radix(digits, radix).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read() {
        for (name, number) in NAMES {
            assert_eq!(parse(name), Ok(number));
            assert_eq!(parse(&number.to_string()), Ok(number));
            assert_eq!(parse(&format!("{number:#06x}")), Ok(number));
        }
        assert_eq!(parse("0x0600"), Ok(0x0600));
        assert_eq!(parse("65535"), Ok(0xffff));
    }

    #[test]
    fn what_may_not_be_allowed_is_refused() {
        for (text, error) in [
            ("", EthertypeError::NotOne),
            ("0x", EthertypeError::NotOne),
            ("LLDP", EthertypeError::NotOne),
            ("+2048", EthertypeError::NotOne),
            ("0x10000", EthertypeError::NotOne),
            ("88cc", EthertypeError::NotOne),
            ("0", EthertypeError::Length),
            ("0x05ff", EthertypeError::Length),
            ("0x0800", EthertypeError::Judged),
            ("2054", EthertypeError::Judged),
            ("0x86dd", EthertypeError::Judged),
            ("0x8100", EthertypeError::Tag),
            ("0x88a8", EthertypeError::Tag),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
