//! Bytes as hexadecimal digits.

use std::fmt::Write as _;

/// Two lower-case digits a byte.
pub fn format(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

/// So many bytes, two digits each; none for anything else.
pub fn parse<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_formatted_is_read() {
        assert_eq!(format(&[0, 0x0f, 0xa0]), "000fa0");
        assert_eq!(parse("000fA0"), Some([0, 0x0f, 0xa0]));
    }

    #[test]
    fn nothing_else_is() {
        for bad in ["", "00", "000fa", "000fa00f", "+00fa0", "00 fa0", "ü00fa"] {
            assert_eq!(parse::<3>(bad), None, "{bad}");
        }
    }
}
