//! Windows of the week as written: `mon-fri 08:00-18:00`.

use crate::model::times::{DAY, Window};

/// Reads `mon-fri 08:00-18:00`, `sat,sun`, `daily 22:00-06:00`.
pub(super) fn window(text: &str) -> Result<Window, &'static str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (listed, span) = match *words.as_slice() {
        [one] if one.contains(':') => ("daily", Some(one)),
        [one] => (one, None),
        [listed, span] => (listed, Some(span)),
        _ => return Err(SHAPE),
    };
    let (from, to) = span.map_or(Ok((0, DAY)), hours)?;
    Ok(Window {
        days: days(listed)?,
        from,
        to,
    })
}

/// Whether a word says days, or means to: such words are no names of calendars.
pub(super) fn says_days(word: &str) -> bool {
    let first = word.split(['-', ',']).next().unwrap_or(word);
    first == "daily" || DAYS.contains(&first)
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
pub(super) const SHAPE: &str = "days, and hours unless it is the whole day: `mon-fri 08:00-18:00`, `sat,sun`, `daily 22:00-06:00`";
const HOURS: &str = "hours are as in `08:00-18:00`, from 00:00 to 24:00";

fn days(text: &str) -> Result<u8, &'static str> {
    if text == "daily" {
        return Ok(0x7f);
    }
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day_of_week(first)?, day_of_week(last)?);
        loop {
            if days >> at & 1 != 0 {
                return Err("a day is listed twice");
            }
            days |= 1 << at;
            if at == last {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Ok(days)
}

fn day_of_week(text: &str) -> Result<u8, &'static str> {
    (0..)
        .zip(DAYS)
        .find(|(_, name)| *name == text)
        .map(|(day, _)| day)
        .ok_or("days are `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, or `daily` for all")
}

fn hours(text: &str) -> Result<(u16, u16), &'static str> {
    let (from, to) = text.split_once('-').ok_or(HOURS)?;
    let (from, to) = (minute(from)?, minute(to)?);
    if from == DAY {
        return Err("a window begins at 23:59 at the latest");
    }
    Ok((from, to))
}

fn minute(text: &str) -> Result<u16, &'static str> {
    let number = |text: &str| {
        Some(text)
            .filter(|text| text.len() == 2 && text.chars().all(|c| c.is_ascii_digit()))
            .and_then(|text| text.parse::<u16>().ok())
    };
    text.split_once(':')
        .and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)))
        .filter(|&(hour, minute)| minute < 60 && hour * 60 + minute <= DAY)
        .map(|(hour, minute)| hour * 60 + minute)
        .ok_or(HOURS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_days_and_hours() {
        let read = |text| window(text).map(|it| (it.days, it.from, it.to));
        assert_eq!(read("mon-fri 08:00-18:00"), Ok((0x1f, 480, 1080)));
        assert_eq!(read("sat,sun"), Ok((0x60, 0, DAY)));
        assert_eq!(read("fri-mon 00:00-24:00"), Ok((0x71, 0, DAY)));
        assert_eq!(read("daily 22:00-06:00"), Ok((0x7f, 1320, 360)));
        assert_eq!(read("12:30-13:00"), Ok((0x7f, 750, 780)));
        for wrong in [
            "",
            "monday",
            "mon,",
            "mon-fri-sun",
            "mon,mon-tue",
            "mon 8:00-18:00",
            "mon 08:00",
            "mon 24:00-01:00",
            "mon 08:60-09:00",
            "mon 08:00-24:01",
            "mon 08:00-18:00 UTC",
            "Mon",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
