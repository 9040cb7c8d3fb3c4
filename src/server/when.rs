//! A time as a person and a machine want it.

use jiff::Timestamp;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct When {
    /// For machines.
    iso: String,
    /// For the title, in UTC.
    absolute: String,
    /// Such as `5 min ago`, or `5 min` for what still goes on.
    pub(super) relative: String,
}

impl When {
    /// A time in milliseconds since 1970, seen from `now`; `over` if it is the end of something.
    pub(super) fn at(at: i64, now: Timestamp, over: bool) -> Self {
        let stamp = Timestamp::from_millisecond(at).unwrap_or(now);
        Self {
            iso: stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            absolute: stamp.strftime("%-d %b %Y %H:%M UTC").to_string(),
            relative: relative(now.as_millisecond().saturating_sub(at) / 1_000, over),
        }
    }
}

/// An age in seconds, in the largest unit that fits.
fn relative(seconds: i64, over: bool) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let span = match seconds {
        ..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    };
    if over { format!("{span} ago") } else { format!("for {span}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        assert_eq!(relative(-5, true), "just now");
        assert_eq!(relative(3_600, true), "1 h ago");
        assert_eq!(relative(90, false), "for 1 min");
        assert_eq!(relative(90 * 86_400, true), "90 d ago");
    }
}
