//! DNS names of hosts, exact and whole: `cloud.vendor.com`.

use std::{fmt, net::IpAddr, sync::Arc};

/// Bytes of a label (RFC 1035 2.3.4).
const MAX_LABEL: usize = 63;

/// Characters of a name: the 255 bytes that it has in messages, less the length of its first label and the root.
pub const MAX_LENGTH: usize = 253;

/// A name: lower case, without the final dot. Names are compared without case (RFC 4343).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DnsName(Arc<str>);

/// Why a text is no name of a host.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DnsNameError {
    /// Nothing, or nothing between two dots.
    #[error("a name is labels with a dot between each two, as in `cloud.vendor.com`")]
    Empty,
    /// A `*`.
    #[error("there are no wildcards: list each name that the device asks for")]
    Wildcard,
    /// An address, or what can only be meant as one.
    #[error("write addresses and networks without `dns`")]
    Address,
    /// A letter beyond ASCII.
    #[error("write the name as it is in messages, letters beyond ASCII as `xn--...` (RFC 5891)")]
    NotAscii,
    /// Something else that no label has.
    #[error("a label has letters a-z, digits, `-` and `_`, and neither begins nor ends with `-`")]
    Character,
    /// A label that is too long.
    #[error("a label has at most {MAX_LABEL} characters")]
    LongLabel,
    /// A name that is too long.
    #[error("a name has at most {MAX_LENGTH} characters")]
    Long,
}

impl DnsName {
    /// Reads a name; a final dot is left out.
    pub fn parse(text: &str) -> Result<Self, DnsNameError> {
        let text = text.trim();
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.contains('*') {
            return Err(DnsNameError::Wildcard);
        }
        if name.contains([':', '/']) || name.parse::<IpAddr>().is_ok() {
            return Err(DnsNameError::Address);
        }
        if !name.is_ascii() {
            return Err(DnsNameError::NotAscii);
        }
        for label in name.split('.') {
            check_label(label)?;
        }
        if name.len() > MAX_LENGTH {
            return Err(DnsNameError::Long);
        }
        // No top-level domain is a number (RFC 1123 2.1): resolvers take such a name for an address.
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DnsNameError::Address);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands in messages, lower case and uncompressed: each label behind its length, the root last
    /// (RFC 1035 3.1). 255 bytes at most.
    pub fn wire(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() + 2);
        for label in self.0.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap_or_default());
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes
    }
}

fn check_label(label: &str) -> Result<(), DnsNameError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if label.is_empty() {
        return Err(DnsNameError::Empty);
    }
    if !label.chars().all(fits) || label.starts_with('-') || label.ends_with('-') {
        return Err(DnsNameError::Character);
    }
    if label.len() > MAX_LABEL {
        return Err(DnsNameError::LongLabel);
    }
    Ok(())
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_have_no_case_and_no_final_dot() {
        let name = DnsName::parse(" Cloud.Vendor.COM. ").unwrap();
        assert_eq!(name.as_str(), "cloud.vendor.com");
        assert_eq!(name, DnsName::parse("cloud.vendor.com").unwrap());
        assert_eq!(name.wire(), b"\x05cloud\x06vendor\x03com\0");
        for fine in [
            "pacs",
            "_ntp._udp.example.org",
            "3com.com",
            "xn--bcher-kva.de",
        ] {
            assert_eq!(DnsName::parse(fine).unwrap().as_str(), fine);
        }
    }

    #[test]
    fn the_longest_name_is_255_bytes_in_messages() {
        let label = "a".repeat(MAX_LABEL);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), MAX_LENGTH);
        assert_eq!(DnsName::parse(&longest).unwrap().wire().len(), 255);
        assert_eq!(
            DnsName::parse(&format!("{longest}a")),
            Err(DnsNameError::Long)
        );
        assert_eq!(
            DnsName::parse(&format!("{label}a.com")),
            Err(DnsNameError::LongLabel)
        );
    }

    #[test]
    fn what_is_no_name_says_why() {
        for (text, error) in [
            ("", DnsNameError::Empty),
            (".", DnsNameError::Empty),
            ("vendor..com", DnsNameError::Empty),
            (".vendor.com", DnsNameError::Empty),
            ("vendor.com..", DnsNameError::Empty),
            ("*.vendor.com", DnsNameError::Wildcard),
            ("10.20.8.11", DnsNameError::Address),
            ("10.20.8.0/24", DnsNameError::Address),
            ("fd00::1", DnsNameError::Address),
            ("https://vendor.com", DnsNameError::Address),
            ("vendor.com:443", DnsNameError::Address),
            ("10.20.8.300", DnsNameError::Address),
            ("bücher.de", DnsNameError::NotAscii),
            ("cloud vendor.com", DnsNameError::Character),
            ("-cloud.com", DnsNameError::Character),
            ("cloud-.com", DnsNameError::Character),
            ("cloud\\046.com", DnsNameError::Character),
        ] {
            assert_eq!(DnsName::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[a-z0-9_.-]{0,80}") {
            if let Ok(name) = DnsName::parse(&text) {
                prop_assert_eq!(DnsName::parse(name.as_str()), Ok(name.clone()));
                prop_assert_eq!(name.wire().len(), name.as_str().len() + 2);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            prop_assert!(DnsName::parse(&text).is_err() || !text.is_empty());
        }
    }
}
