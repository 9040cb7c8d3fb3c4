//! Time zones by their names, from the copy of the IANA database that is part of this program: a machine without
//! one, or with an older one, must not read a time differently.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone of a name such as `Europe/Paris`.
pub fn find(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// `Mon 2025-10-13 08:00 Europe/Paris`; without a zone `2025-10-13 06:00:00 UTC`.
pub fn shown(at: Timestamp, zone: Option<&str>) -> String {
    match zone.and_then(|name| find(name).map(|zone| (name, zone))) {
        Some((name, zone)) => format!("{} {name}", at.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M")),
        None => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    }
}
