//! Durations: `30s`, `12h`, `1h30m`.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DurationError {
    /// Nothing there.
    #[error("a duration is a number and a unit, as in `30s`")]
    Empty,
    /// A number without a unit.
    #[error("the unit is missing: s, m, h or d")]
    NoUnit,
    /// A unit that is none.
    #[error("`{0}` is not a unit of time: use s, m, h or d")]
    UnknownUnit(String),
    /// A unit without a number.
    #[error("a number is missing before `{0}`")]
    NoNumber(String),
    /// Units not in falling order.
    #[error("units go from large to small, each once, as in `1h30m`")]
    Order,
    /// More seconds than fit.
    #[error("the duration is too long")]
    TooLong,
}

/// Seconds of each unit, largest first.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads a duration of whole seconds.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut seconds: u64 = 0;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let (digits, behind) = split(rest, |c| c.is_ascii_digit());
        let (unit, behind) = split(behind, |c| !c.is_ascii_digit() && c != ' ');
        if digits.is_empty() {
            return Err(DurationError::NoNumber(unit.to_owned()));
        }
        if unit.is_empty() {
            return Err(DurationError::NoUnit);
        }
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor)
            .ok_or_else(|| DurationError::UnknownUnit(unit.to_owned()))?;
        if factor >= smallest {
            return Err(DurationError::Order);
        }
        smallest = factor;
        // Digits alone fail to parse only by being too many.
        let count: u64 = digits.parse().map_err(|_overflow| DurationError::TooLong)?;
        seconds = count
            .checked_mul(factor)
            .and_then(|more| seconds.checked_add(more))
            .ok_or(DurationError::TooLong)?;
        rest = behind.trim_start();
    }
    Ok(Duration::from_secs(seconds))
}

/// Writes a duration as [`parse`] reads it: `1h30m`. Parts of a second are not shown.
pub fn format(duration: Duration) -> String {
    let mut rest = duration.as_secs();
    let mut text = String::new();
    for (unit, factor) in UNITS {
        let count = rest / factor;
        rest %= factor;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(unit);
        }
    }
    if text.is_empty() {
        text.push_str("0s");
    }
    text
}

/// The longest beginning whose characters all satisfy `belongs`, and the rest.
fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, seconds) in [
            ("30s", 30),
            ("3m", 180),
            ("12h", 43_200),
            ("1d", 86_400),
            ("1h30m", 5_400),
            ("1h 30m", 5_400),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        use DurationError::{Empty, NoNumber, NoUnit, Order, TooLong, UnknownUnit};
        for (text, error) in [
            ("", Empty),
            ("30", NoUnit),
            ("1h30", NoUnit),
            ("500ms", UnknownUnit("ms".into())),
            ("1.5h", UnknownUnit(".".into())),
            ("3M", UnknownUnit("M".into())),
            ("h", NoNumber("h".into())),
            ("-3s", NoNumber("-".into())),
            ("30m1h", Order),
            ("1h1h", Order),
            ("99999999999999999999s", TooLong),
            ("18446744073709551615d", TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0..10_000_000u64) {
            let duration = Duration::from_secs(seconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            prop_assert!(parse(&text).is_err() || text.len() >= 2);
        }
    }
}
