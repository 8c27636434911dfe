//! What people give with a change: the client looks at it before it asks anything, and the agent again.

use std::time::Duration;

use crate::unit::duration;

/// Longest reason in characters.
const LONGEST_REASON: usize = 500;

/// Longest trial: a week.
const LONGEST_TRIAL: Duration = Duration::from_hours(7 * 24);

/// The words of a person, for records of one line, without space around them; why not, for people.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().count() > LONGEST_REASON {
        return Err(format!("a reason has {LONGEST_REASON} characters at most"));
    }
    if text.chars().any(char::is_control) {
        return Err("a reason is one line of text".to_owned());
    }
    Ok(text.to_owned())
}

/// How long a revision is on trial; why not, for people.
pub(crate) fn trial(span: Duration) -> Result<Duration, String> {
    if span.is_zero() {
        return Err("a trial takes at least a second".to_owned());
    }
    if span > LONGEST_TRIAL {
        return Err("a trial takes a week at most".to_owned());
    }
    Ok(span)
}

/// The same in words: `5m`.
pub(crate) fn trial_in_words(text: &str) -> Result<Duration, String> {
    trial(duration::parse(text).map_err(|error| error.to_string())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_one_line_of_some_length() {
        assert_eq!(reason(" vendor visit\n").unwrap(), "vendor visit");
        assert_eq!(reason(" ").unwrap(), "");
        assert!(reason("a\nb").unwrap_err().contains("one line"));
        let longest = "ü".repeat(500);
        assert_eq!(reason(&longest).unwrap(), longest);
        assert!(reason(&(longest + "x")).unwrap_err().contains("500"));
    }

    #[test]
    fn trials_take_a_second_to_a_week() {
        for (text, seconds) in [("1s", 1), ("7d", 7 * 24 * 3600)] {
            assert_eq!(trial_in_words(text), Ok(Duration::from_secs(seconds)));
        }
        for (text, why) in [("0s", "a second"), ("7d1s", "a week"), ("5", "unit")] {
            assert!(trial_in_words(text).unwrap_err().contains(why), "{text}");
        }
    }
}
