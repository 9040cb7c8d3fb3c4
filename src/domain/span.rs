//! Spans of time as people read and write them.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// An age in its largest unit: `40 s`, `38 min`, `5 h`, `9 d`; below zero, as clocks differ, it is `0 s`.
pub fn age(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long something took, in its two largest units: `0.4 s`, `3 min 12 s`, `1 h 5 min`, `2 d 3 h`.
pub fn took(milliseconds: i64) -> String {
    let tenths = milliseconds.max(0) / 100;
    let seconds = tenths / 10;
    match seconds {
        0..10 => format!("{seconds}.{} s", tenths % 10),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..172_800 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// The time that a person means by a text: an instant with its offset such as `2025-10-10T16:00:00+02:00`, or a
/// span from `now` on such as `2h` or `3d`, where a day has 24 hours. Nothing if it is neither, or not later.
pub fn until(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    let instant = text.parse::<Timestamp>().ok().or_else(|| {
        let span = text.parse::<Span>().ok()?;
        now.to_zoned(TimeZone::UTC).checked_add(span).ok().map(|end| end.timestamp())
    });
    instant.filter(|instant| *instant > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_an_instant_or_a_span() {
        let now: Timestamp = "2025-10-10T12:00:00Z".parse().unwrap();
        for (text, end) in [
            ("2h", Some("2025-10-10T14:00:00Z")),
            (" 3d ", Some("2025-10-13T12:00:00Z")),
            ("90 minutes", Some("2025-10-10T13:30:00Z")),
            ("2025-10-10T16:00:00+02:00", Some("2025-10-10T14:00:00Z")),
            ("2025-10-10T14:00:00+02:00", None),
            ("2025-10-11T16:00:00", None),
            ("-2h", None),
            ("0s", None),
            ("friday", None),
            ("99999 years", None),
            ("", None),
        ] {
            assert_eq!(until(text, now), end.map(|end| end.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn ages_and_durations() {
        for (milliseconds, old, long) in [
            (-5, "0 s", "0.0 s"),
            (450, "0 s", "0.4 s"),
            (59_999, "59 s", "59 s"),
            (192_000, "3 min", "3 min 12 s"),
            (3_900_000, "1 h", "1 h 5 min"),
            (9 * 86_400_000, "9 d", "9 d 0 h"),
        ] {
            assert_eq!((age(milliseconds).as_str(), took(milliseconds).as_str()), (old, long));
        }
    }
}
