//! When a report is tried again.

use std::time::Duration;

use jiff::Timestamp;

/// How long to wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// What the server asked for.
    Asked(Duration),
    /// Our own backoff.
    Backoff,
    /// The longest backoff: a rejected token is not tried often, since hammering locks accounts.
    Slow,
}

impl Wait {
    /// The time to wait after so many earlier attempts; `random` is any number.
    pub fn time(self, attempts: u32, random: u64) -> Duration {
        match self {
            Self::Asked(wait) => wait,
            Self::Backoff => backoff(attempts, random),
            Self::Slow => CAP,
        }
    }
}

/// The wait before the next try, by exponential backoff with full jitter: anything from 0 to 1 s doubled per
/// try, at most 5 min. `random` is any number.
fn backoff(attempts: u32, random: u64) -> Duration {
    let ceiling = BASE.saturating_mul(1 << attempts.min(20)).min(CAP);
    let most = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX - 1);
    Duration::from_millis(random % (most + 1))
}

/// The first and the longest wait of our own.
const BASE: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_mins(5);

/// Reads the header `Retry-After` (RFC 9110, 10.2.3): seconds or a date; at most 1 h is granted.
pub fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    const CAP: Duration = Duration::from_hours(1);
    let text = header.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        // A date in the past asks for no wait.
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(CAP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_cap_and_may_be_anything_below() {
        assert_eq!(backoff(0, 1_000), Duration::from_secs(1));
        assert_eq!(backoff(0, 1_001), Duration::ZERO);
        assert_eq!(backoff(3, 8_000), Duration::from_secs(8));
        assert_eq!(backoff(u32::MAX, 300_000), Duration::from_mins(5));
        assert_eq!(backoff(30, 300_001), Duration::ZERO);
    }

    #[test]
    fn the_time_to_wait_is_seconds_or_a_date_of_at_most_an_hour() {
        let now = "1994-11-06T08:49:07Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("86400", now), Some(Duration::from_hours(1)));
        assert_eq!(retry_after("soon", now), None);
    }

    /// A number that looks random, by its place (the mixing step of Steele, Lea and Flood, 2014).
    fn random(place: u64) -> u64 {
        let mut z = place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The largest distance between the waits and the uniform distribution from 0 to `most` seconds (Kolmogorov and
    /// Smirnov).
    #[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
    fn distance(mut waits: Vec<Duration>, most: f64) -> f64 {
        waits.sort();
        let count = waits.len() as f64;
        let far = |(at, wait): (usize, &Duration)| {
            let share = wait.as_secs_f64() / most;
            (share - at as f64 / count).abs().max((share - (at + 1) as f64 / count).abs())
        };
        waits.iter().enumerate().map(far).fold(0.0, f64::max)
    }

    #[test]
    fn the_waits_are_spread_evenly() {
        let waits = |jitter: bool| -> Vec<Duration> {
            let wait = |at| if jitter { Wait::Backoff.time(5, random(at)) } else { Duration::from_secs(32) };
            (0..5_000).map(wait).collect()
        };
        // p = 0.01 for 5,000 samples.
        let allowed = 1.63 / 5_000_f64.sqrt();
        assert!(distance(waits(true), 32.001) < allowed);
        assert!(distance(waits(false), 32.001) > allowed, "a wait without chance must not pass");
    }

    #[test]
    fn what_a_server_asks_for_is_never_cut_short() {
        for at in 0..5_000 {
            let asked = Duration::from_secs(random(at) % 3_600);
            assert_eq!(Wait::Asked(asked).time(u32::try_from(at).unwrap(), random(at)), asked);
        }
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(retry_after("1000000000", now), Some(Duration::from_hours(1)));
        for garbage in ["", "-1", "1.5", "1e9", "99999999999999999999999", "Sat, 99 Foo 2026 00:00:00 GMT"] {
            assert_eq!(retry_after(garbage, now), None, "{garbage}");
        }
    }

    /// The tries of 200 clients whose reports fail from second 0 on, until the server is back at second 60: how many
    /// each made before that, on average, and how many come in each ten seconds of the minute after.
    fn outage(wait: impl Fn(u32, u64) -> Duration) -> (u32, [u32; 6]) {
        let (mut failed, mut bins) = (0, [0; 6]);
        for client in 0..200 {
            let (mut at, mut attempts) = (Duration::ZERO, 0);
            while at < Duration::from_mins(1) {
                failed += 1;
                at += wait(attempts, random(client * 1_000 + u64::from(attempts)));
                attempts += 1;
            }
            let bin = usize::try_from((at.as_secs() - 60) / 10).unwrap();
            if let Some(bin) = bins.get_mut(bin) {
                *bin += 1;
            }
        }
        (failed / 200, bins)
    }

    #[test]
    fn after_an_outage_nobody_comes_in_a_crowd() {
        let crowded = |bins: [u32; 6]| bins.iter().max().unwrap() * 6 > 2 * bins.iter().sum::<u32>();
        let (tries, bins) = outage(|attempts, random| Wait::Backoff.time(attempts, random));
        assert!(tries <= 8, "{tries} tries a report");
        assert!(!crowded(bins), "{bins:?}");
        let (_, bins) = outage(|attempts, _| Duration::from_secs(1 << attempts));
        assert!(crowded(bins), "waits without chance must crowd: {bins:?}");
    }
}
