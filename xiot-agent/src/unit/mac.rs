//! MAC addresses: `00:03:b1:00:00:12`, `00-03-B1-00-00-12`, `0003.b100.0012`, `0003b1000012`.

/// Why a text is no MAC address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MacError {
    /// Not six pairs of hexadecimal digits in a known notation.
    #[error("a MAC address is six pairs of hexadecimal digits, as in `00:03:b1:00:00:12`")]
    Shape,
    /// An EUI-64.
    #[error("this is an EUI-64 of eight pairs; a MAC address has six")]
    Eui64,
}

/// Reads a MAC address: six pairs with `:` or `-`, three quadruples with `.`, or twelve digits.
pub fn parse(text: &str) -> Result<[u8; 6], MacError> {
    let text = text.trim();
    let group = if text.contains(':') || text.contains('-') {
        2
    } else if text.contains('.') {
        4
    } else {
        12
    };
    let separator = text
        .chars()
        .find(|c| matches!(c, ':' | '-' | '.'))
        .unwrap_or(':');
    let parts: Vec<&str> = text.split(separator).collect();
    if parts.iter().any(|part| {
        !part.chars().all(|c| c.is_ascii_hexdigit()) || part.len() != group.min(text.len())
    }) {
        return Err(MacError::Shape);
    }
    let digits: Vec<u8> = parts
        .concat()
        .chars()
        .filter_map(|c| c.to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    if digits.len() == 16 {
        return Err(MacError::Eui64);
    }
    if digits.len() != 12 {
        return Err(MacError::Shape);
    }
    let mut mac = [0; 6];
    for (byte, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |value, digit| value << 4 | digit);
    }
    Ok(mac)
}

/// Writes a MAC address in lower case with colons.
pub fn format(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_common_notation() {
        for text in [
            "00:03:b1:00:0a:12",
            "00-03-B1-00-0A-12",
            "0003.b100.0a12",
            "0003b1000a12",
            " 0003B1000A12 ",
        ] {
            assert_eq!(parse(text), Ok([0, 3, 0xb1, 0, 0x0a, 0x12]), "{text}");
        }
    }

    #[test]
    fn what_is_no_mac_says_why() {
        for text in [
            "",
            ":",
            "00:03:b1",
            "0:3:b1:0:0:12",
            "00:03:b1:00:00:1g",
            "00:03-b1:00:00:12",
            "0003:b100:0012",
            "00.03.b1.00.00.12",
            "0003b100001",
            "00:03:b1:00:00:12:",
            "äö:03:b1:00:00:12",
        ] {
            assert_eq!(parse(text), Err(MacError::Shape), "{text}");
        }
        assert_eq!(parse("00:03:b1:ff:fe:00:00:12"), Err(MacError::Eui64));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(mac: [u8; 6]) {
            prop_assert_eq!(parse(&format(mac)), Ok(mac));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            prop_assert!(parse(&text).is_err() || text.len() >= 12);
        }
    }
}
