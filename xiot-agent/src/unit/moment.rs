//! Moments: `2027-01-31T18:00Z`, or in a time zone that is known from elsewhere `2027-01-31T18:00` and `2027-01-31`.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};

/// A moment as written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moment {
    /// With its offset to UTC.
    Exact(Timestamp),
    /// Local time.
    Local(DateTime),
    /// A whole day, local.
    Day(Date),
}

/// Reads one; none if the text is neither.
pub fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Ok(moment) = text.parse() {
        return Some(Moment::Exact(moment));
    }
    // A date with a time is one, too, to who only looks for the date.
    if text.len() == "2027-01-31".len()
        && let Ok(day) = text.parse()
    {
        return Some(Moment::Day(day));
    }
    text.parse().ok().map(Moment::Local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_makes_it_exact() {
        let exact = Moment::Exact("2027-01-31T17:00:00Z".parse().unwrap());
        assert_eq!(parse("2027-01-31T17:00Z"), Some(exact));
        assert_eq!(parse(" 2027-01-31T18:00+01:00 "), Some(exact));
        assert_eq!(parse("2027-01-31 18:00+01:00"), Some(exact));
    }

    #[test]
    fn without_one_it_is_local() {
        let time = jiff::civil::date(2027, 1, 31).at(18, 0, 0, 0);
        assert_eq!(parse("2027-01-31T18:00"), Some(Moment::Local(time)));
        assert_eq!(parse("2027-01-31 18:00"), Some(Moment::Local(time)));
        assert_eq!(parse("2027-01-31"), Some(Moment::Day(time.date())));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for wrong in [
            "",
            "18:00",
            "tomorrow",
            "2027-02-30",
            "31.01.2027",
            "2027-01-31T25:00",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
