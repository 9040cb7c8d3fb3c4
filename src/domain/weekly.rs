//! A span of every week, by the clocks of a place: with times in UTC it would begin an hour off for half of the
//! year (Octopus#9291).

use std::fmt;

use jiff::civil::Weekday;
use jiff::{Timestamp, ToSpan, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zone;

/// A point of every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(with = "String", extend("pattern" = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d$"))]
#[serde(try_from = "String", into = "String")]
pub struct Point {
    weekday: Weekday,
    hour: i8,
    minute: i8,
}

/// From one point of every week to before another; a span may go over the end of a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weekly {
    /// By IANA, such as `Europe/Paris`.
    pub zone: String,
    pub from: Point,
    pub to: Point,
}

const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

impl Point {
    /// Reads `Fri 16:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.trim().split_once(' ')?;
        let (_, weekday) = DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(day))?;
        let (hour, minute) = time.trim().split_once(':')?;
        let number = |text: &str, most: i8| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= most)
        };
        Some(Self { weekday: *weekday, hour: number(hour, 23)?, minute: number(minute, 59)? })
    }

    /// Minutes since the beginning of Monday, as the clock shows them.
    fn minutes(self) -> i32 {
        let day = i32::from(self.weekday.to_monday_zero_offset());
        (day * 24 + i32::from(self.hour)) * 60 + i32::from(self.minute)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let day = DAYS.iter().find(|(_, day)| *day == self.weekday).map_or("", |(name, _)| name);
        write!(f, "{day} {:02}:{:02}", self.hour, self.minute)
    }
}

impl TryFrom<String> for Point {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("must be a day and a time such as `Fri 16:00`")
    }
}

impl From<Point> for String {
    fn from(point: Point) -> Self {
        point.to_string()
    }
}

impl Weekly {
    /// Reads `Fri 16:00 - Mon 08:00`. A span from a point to itself would be all or nothing, so it is neither.
    pub fn parse(text: &str, zone: &str) -> Option<Self> {
        let (from, to) = text.split_once(" - ")?;
        let weekly = Self { zone: zone.to_owned(), from: Point::parse(from)?, to: Point::parse(to)? };
        weekly.is_usable().then_some(weekly)
    }

    /// Whether its zone is known and its ends differ.
    pub fn is_usable(&self) -> bool {
        zone::find(&self.zone).is_some() && self.from != self.to
    }

    /// Whether a time lies in it. A zone that nobody knows any more holds, since that can be lifted.
    pub fn is_inside(&self, at: Timestamp) -> bool {
        let Some(zone) = zone::find(&self.zone) else { return true };
        let now = of(&at.to_zoned(zone)).minutes();
        let (from, to) = (self.from.minutes(), self.to.minutes());
        if from < to { (from..to).contains(&now) } else { now >= from || now < to }
    }

    /// When it begins or ends next, whichever comes first.
    pub fn turns(&self, at: Timestamp) -> Option<Timestamp> {
        let zone = zone::find(&self.zone)?;
        let point = if self.is_inside(at) { self.to } else { self.from };
        let today = at.to_zoned(zone.clone()).date();
        (0..=7).find_map(|days| {
            let date = today.checked_add(days.days()).ok()?;
            let then = date.at(point.hour, point.minute, 0, 0).to_zoned(zone.clone()).ok()?.timestamp();
            (date.weekday() == point.weekday && then > at).then_some(then)
        })
    }
}

fn of(at: &Zoned) -> Point {
    Point { weekday: at.weekday(), hour: at.hour(), minute: at.minute() }
}

impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} - {} {}", self.from, self.to, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekend() -> Weekly {
        Weekly::parse("fri 16:00 - Mon 08:00", "Europe/Paris").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_weekend_is_as_long_as_the_clocks_there_say() {
        // Paris is two hours before UTC in summer and one hour in winter; the clocks change on 2025-10-26.
        for (time, inside) in [
            ("2025-10-10T13:59:59Z", false),
            ("2025-10-10T14:00:00Z", true),
            ("2025-10-12T23:00:00Z", true),
            ("2025-10-13T05:59:59Z", true),
            ("2025-10-13T06:00:00Z", false),
            ("2025-10-24T14:00:00Z", true),
            ("2025-10-27T06:30:00Z", true),
            ("2025-10-27T07:00:00Z", false),
            ("2025-11-07T14:30:00Z", false),
            ("2025-11-07T15:00:00Z", true),
        ] {
            assert_eq!(weekend().is_inside(at(time)), inside, "{time}");
        }
        let nights = Weekly::parse("Tue 20:00 - Wed 06:00", "UTC").unwrap();
        assert!(
            nights.is_inside(at("2025-10-14T20:00:00Z")) && !nights.is_inside(at("2025-10-15T06:00:00Z"))
        );
    }

    #[test]
    fn its_next_turn_is_a_local_time_too() {
        assert_eq!(weekend().turns(at("2025-10-24T14:00:00Z")), Some(at("2025-10-27T07:00:00Z")));
        assert_eq!(weekend().turns(at("2025-10-13T06:00:00Z")), Some(at("2025-10-17T14:00:00Z")));
        assert_eq!(weekend().turns(at("2025-10-10T13:59:59Z")), Some(at("2025-10-10T14:00:00Z")));
        assert_eq!(
            zone::shown(at("2025-10-27T07:00:00Z"), Some("Europe/Paris")),
            "Mon 2025-10-27 08:00 Europe/Paris"
        );
    }

    #[test]
    fn what_is_no_span_of_a_week_is_none() {
        for text in [
            "Fri 16:00",
            "Fri 24:00 - Mon 08:00",
            "Fri 16:60 - Mon 08:00",
            "Fri 16 - Mon 8",
            "Fre 16:00 - Mon 08:00",
            "Fri 16:00 - Fri 16:00",
            "Fri +1:00 - Mon 08:00",
        ] {
            assert_eq!(Weekly::parse(text, "UTC"), None, "{text}");
        }
        assert_eq!(Weekly::parse("Fri 16:00 - Mon 08:00", "Europe/Atlantis"), None);
        assert_eq!(weekend().to_string(), "Fri 16:00 - Mon 08:00 Europe/Paris");
    }
}
