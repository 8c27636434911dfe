//! Numbers and times as people read them.

use jiff::Timestamp;

/// `850 B`, `12.3 KiB`: three digits are enough.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes;
    let mut rest = 0;
    let mut unit = "";
    for name in UNITS {
        if value < 1024 {
            break;
        }
        rest = value % 1024;
        value /= 1024;
        unit = name;
    }
    if value < 100 && rest > 0 {
        format!("{value}.{} {unit}", rest * 10 / 1024)
    } else {
        format!("{value} {unit}")
    }
}

/// `12s`, `3m 5s`, `2h 10m`, `5d 3h`.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    if days > 0 {
        format!("{days}d {hours}h")
    } else if hours > 0 {
        format!("{hours}h {minutes}m")
    } else if minutes > 0 {
        format!("{minutes}m {}s", seconds % 60)
    } else {
        format!("{seconds}s")
    }
}

/// Time since then; `never` without a then.
pub(super) fn ago(now: Timestamp, then: Option<Timestamp>) -> String {
    match then {
        None => "never".to_owned(),
        Some(then) => {
            let seconds = now.duration_since(then).as_secs();
            format!("{} ago", duration(u64::try_from(seconds).unwrap_or(0)))
        }
    }
}

/// Text that somebody on the network wrote, for a terminal: what could move its cursor is written out, and no more than so many characters are shown.
pub(super) fn foreign(text: &str, most: usize) -> String {
    let mut shown: String = text
        .chars()
        .take(most)
        .flat_map(|it| {
            // Letters as they are; what turns the direction of text, or can't be seen, is none.
            let plain = it.is_alphanumeric() || it.is_ascii_graphic() || it == ' ';
            let escaped = (!plain).then(|| it.escape_unicode());
            let itself = plain.then_some(it);
            escaped.into_iter().flatten().chain(itself)
        })
        .collect();
    if text.chars().nth(most).is_some() {
        shown += "...";
    }
    shown
}

/// `1 rule`, `2 rules`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// The first digits of a digest: enough to tell policies apart.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        for (value, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (150 * 1024 + 512, "150 KiB"),
            (16 << 20, "16 MiB"),
            (u64::MAX, "16383 PiB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn what_others_wrote_moves_no_cursor_and_has_an_end() {
        for (text, shown) in [
            ("pump-12", "pump-12"),
            ("Vendor Pump: ü", "Vendor Pump: ü"),
            ("a\u{1b}[2Jb\n", "a\\u{1b}[2Jb\\u{a}"),
            ("\u{202e}gnp", "\\u{202e}gnp"),
            ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwx..."),
        ] {
            assert_eq!(foreign(text, 24), shown);
        }
    }

    #[test]
    fn durations_have_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (185, "3m 5s"),
            (7_800, "2h 10m"),
            (442_800, "5d 3h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
