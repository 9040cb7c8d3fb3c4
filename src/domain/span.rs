//! Spans of time as people read them.

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

/// How long something took, in its two largest units: `0.4 s`, `3 min 12 s`, `1 h 5 min`.
pub fn took(milliseconds: i64) -> String {
    let tenths = milliseconds.max(0) / 100;
    let seconds = tenths / 10;
    match seconds {
        0..10 => format!("{seconds}.{} s", tenths % 10),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_durations() {
        for (milliseconds, old, long) in [
            (-5, "0 s", "0.0 s"),
            (450, "0 s", "0.4 s"),
            (59_999, "59 s", "59 s"),
            (192_000, "3 min", "3 min 12 s"),
            (3_900_000, "1 h", "1 h 5 min"),
            (9 * 86_400_000, "9 d", "216 h 0 min"),
        ] {
            assert_eq!((age(milliseconds).as_str(), took(milliseconds).as_str()), (old, long));
        }
    }
}
