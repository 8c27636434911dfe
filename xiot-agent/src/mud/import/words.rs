//! Text of files in text of ours: what a maker wrote can end no comment and steer no terminal.

/// A text in one line of harmless characters, cut where it is long.
pub fn clean(text: &str) -> String {
    const SHOWN: usize = 240;
    let harmless = |c: char| c == ' ' || c.is_alphanumeric() || c.is_ascii_graphic();
    let mut chars = text.chars();
    let mut line: String = chars
        .by_ref()
        .take(SHOWN)
        .map(|c| match c {
            c if harmless(c) => c,
            c if c.is_whitespace() => ' ',
            _ => '?',
        })
        .collect();
    if chars.next().is_some() {
        line.push_str("...");
    }
    line
}

/// A text in double quotes, as YAML and JSON both read it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name of the policy language made of any text: nothing else than letters, digits, `-`, `_` and `.` stays of it.
pub(super) fn name(text: &str) -> String {
    const MAX: usize = 48;
    let mut name = String::new();
    for c in text.chars() {
        let c = match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') => c,
            _ => '-',
        };
        let doubled = c == '-' && name.ends_with('-');
        if name.len() < MAX && !doubled {
            name.push(c);
        }
    }
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let address = name.chars().all(|c| c.is_ascii_digit() || c == '.');
    match name {
        "" => "device".to_owned(),
        "any" => "any-device".to_owned(),
        name if address => format!("host-{name}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_files_ends_no_line_and_steers_no_terminal() {
        assert_eq!(
            clean("a\nonboarding: \u{1b}[2J\u{202e}b\u{85}"),
            "a onboarding: ?[2J?b "
        );
        assert_eq!(clean(&"x".repeat(500)).len(), 243);
        assert_eq!(quoted("a\"b\\c"), r#""a\"b\\c""#);
    }

    #[test]
    fn names_are_made_of_anything() {
        for (text, expected) in [
            ("controller.nist.local", "controller.nist.local"),
            ("https://a.example/b?c=d", "https-a.example-b-c-d"),
            ("--", "device"),
            ("10.0.0.1", "host-10.0.0.1"),
            ("any", "any-device"),
            ("Türe", "T-re"),
        ] {
            assert_eq!(name(text), expected);
        }
        assert_eq!(name(&"x".repeat(500)).len(), 48);
    }
}
