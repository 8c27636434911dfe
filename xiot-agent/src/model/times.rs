//! When rules are in force: until some moment, in windows of the week, and in windows that have dates.

/// Minutes of a day.
pub const DAY: u16 = 24 * 60;
/// Minutes of a week.
pub const WEEK: u16 = 7 * DAY;
/// Stretches of the week in which one rule can be in force.
pub const MAX_STRETCHES: usize = 14;
/// Dated windows in which one rule can be in force: the data path asks one after the other.
pub const MAX_INTERVALS: usize = 14;
/// Holidays of one policy: in the data path's table of what is added to UTC each takes two places, and any zone must have room there.
pub const MAX_HOLIDAYS: usize = 256;

/// When a rule is in force: before its end, and in one of its windows if it has some of either kind.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Times {
    /// Second (UTC, since the Unix epoch) from which on it is not in force any more.
    pub expires: Option<u32>,
    /// Windows of local time, none of which overlap.
    pub windows: Vec<Window>,
    /// Windows that have dates, in order, none of which overlap or touch.
    pub intervals: Vec<Interval>,
}

impl Times {
    /// Whether the rule is in force at any time.
    pub fn is_always(&self) -> bool {
        self.expires.is_none() && self.windows.is_empty() && self.intervals.is_empty()
    }
}

/// A window that has dates: seconds (UTC, since the Unix epoch) from one to before another.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Interval {
    /// First second.
    pub begins: u32,
    /// Second after the last; after the first.
    pub ends: u32,
}

/// The same span of some days.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// The days it begins on: bit 0 is Monday.
    pub days: u8,
    /// Minute of the day that it begins with.
    pub from: u16,
    /// Minute that it ends before, up to 1440; of the next day if it is not after `from`.
    pub to: u16,
}

impl Window {
    /// Whether it begins on this day; Monday is 0.
    pub const fn begins_on(self, day: u16) -> bool {
        self.days >> day & 1 != 0
    }

    /// How long it lasts, in minutes.
    pub const fn length(self) -> u16 {
        if self.to > self.from {
            self.to - self.from
        } else {
            self.to + DAY - self.from
        }
    }
}

/// Minutes of the week, from Monday on: from one to before another, which may be one of the next week.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Stretch {
    /// First minute.
    pub start: u16,
    /// Minute after the last.
    pub end: u16,
}

/// Windows by position that have a minute in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Overlap(pub usize, pub usize);

/// The stretches of the week that these windows are, those that touch made one; none if they are the whole week.
pub fn stretches(windows: &[Window]) -> Result<Vec<Stretch>, Overlap> {
    let mut all: Vec<(Stretch, usize)> = Vec::new();
    for (index, window) in windows.iter().enumerate() {
        for day in (0..7).filter(|&day| window.begins_on(day)) {
            let start = day * DAY + window.from;
            let end = start + window.length();
            all.push((Stretch { start, end }, index));
        }
    }
    all.sort_unstable();
    let mut merged: Vec<Stretch> = Vec::new();
    let mut before = all
        .last()
        .map(|&(last, index)| (last.end.saturating_sub(WEEK), index));
    for &(stretch, index) in &all {
        if let Some((end, other)) = before
            && stretch.start < end
        {
            return Err(Overlap(other.min(index), other.max(index)));
        }
        before = Some((stretch.end, index));
        match merged.last_mut() {
            Some(last) if last.end == stretch.start => last.end = stretch.end,
            Some(_) | None => merged.push(stretch),
        }
    }
    if let (Some(first), Some(last)) = (merged.first().copied(), merged.last().copied())
        && last.end == first.start + WEEK
    {
        // The last goes on with the first: one, or the whole week.
        merged.remove(0);
        if let Some(last) = merged.last_mut() {
            last.end = first.end + WEEK;
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAILY: u8 = 0x7f;
    const SUNDAY: u8 = 1 << 6;

    fn window(days: u8, from: u16, to: u16) -> Window {
        Window { days, from, to }
    }

    fn of(windows: &[Window]) -> Vec<(u16, u16)> {
        let found = stretches(windows).unwrap();
        found.iter().map(|it| (it.start, it.end)).collect()
    }

    #[test]
    fn windows_that_touch_are_one_also_at_the_end_of_the_week() {
        assert_eq!(of(&[window(0x1f, 0, DAY)]), [(0, 5 * DAY)]);
        assert_eq!(
            of(&[window(1, 480, 600), window(1, 600, 720)]),
            [(480, 720)]
        );
        assert_eq!(of(&[window(SUNDAY | 1, 0, DAY)]), [(6 * DAY, 8 * DAY)]);
        assert_eq!(
            of(&[window(SUNDAY, 1320, 360)]),
            [(6 * DAY + 1320, 7 * DAY + 360)]
        );
        assert_eq!(of(&[window(DAILY, 1320, 360)]).len(), 7);
    }

    #[test]
    fn the_whole_week_is_no_window() {
        assert_eq!(of(&[window(DAILY, 0, DAY)]), []);
        assert_eq!(of(&[window(DAILY, 480, 480)]), []);
        assert_eq!(of(&[]), []);
    }

    #[test]
    fn windows_that_overlap_are_found() {
        let found = stretches(&[window(2, 0, 60), window(1, 1380, 30)]);
        assert_eq!(found, Err(Overlap(0, 1)));
        let found = stretches(&[window(1, 0, 60), window(SUNDAY, 1380, 30)]);
        assert_eq!(found, Err(Overlap(0, 1)));
    }
}
