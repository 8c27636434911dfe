//! Whether a file is text that a person can review: UTF-8, without characters that hide.

use crate::diag::{Code, Diagnostic, Span};

/// The text of a file, and what makes it none, if anything. Then the text is as much as can be shown.
///
/// Control characters are refused although YAML allows some of them in places: a NUL may end a parse early, and
/// characters that turn the direction of writing make a rule look like another one.
pub(crate) fn check_text(bytes: Vec<u8>) -> (String, Option<Diagnostic>) {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            return not_utf8(error.into_bytes(), valid);
        }
    };
    let hidden = text
        .char_indices()
        .find(|(at, c)| is_hidden(*c) && !(*at == 0 && *c == '\u{feff}'));
    let fault = hidden.map(|(at, c)| {
        Diagnostic::new(
            Code::NotText,
            Span::locate(text.as_bytes(), at, c.len_utf8()),
            format!(
                "the file has the invisible character U+{:04X} here",
                u32::from(c)
            ),
        )
        .hint("remove it; control characters and marks of writing direction are not allowed")
    });
    (text, fault)
}

/// What comes before the first wrong byte is enough to show its line.
fn not_utf8(mut bytes: Vec<u8>, valid: usize) -> (String, Option<Diagnostic>) {
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let fault = Diagnostic::new(
        Code::NotText,
        Span::locate(&bytes, valid, 0),
        format!("the file is not UTF-8: it has the byte 0x{byte:02x} here"),
    )
    .hint("save the file as UTF-8");
    bytes.truncate(valid);
    (String::from_utf8(bytes).unwrap_or_default(), Some(fault))
}

/// Whether a character does not show, or changes how others show. Tabs and line ends are not meant.
pub(crate) fn is_hidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        // Zero-width and bidirectional marks, line and paragraph separators, byte-order mark.
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> (u32, u32) {
        let diagnostic = check_text(bytes.to_vec()).1.unwrap();
        assert_eq!(diagnostic.code, Code::NotText);
        (diagnostic.span.line, diagnostic.span.column)
    }

    #[test]
    fn text_passes_with_a_byte_order_mark_and_any_line_end() {
        for text in ["a: 1\r\n", "\u{feff}a: 1\n", "name: Gerät\t# ok\n", ""] {
            assert_eq!(check_text(text.into()), (text.to_owned(), None));
        }
    }

    #[test]
    fn what_a_reviewer_would_not_see_is_refused() {
        assert_eq!(fault(b"a: 1\nb: \xff\n"), (2, 4));
        assert_eq!(fault(b"a: 1\0\nb: 2\n"), (1, 5));
        assert_eq!(fault("a: \u{202e}1\n".as_bytes()), (1, 4));
        assert_eq!(fault("a: 1\u{feff}\n".as_bytes()), (1, 5));
        assert_eq!(fault(b"\x1b[2J"), (1, 1));
    }
}
