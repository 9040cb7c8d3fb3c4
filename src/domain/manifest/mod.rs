//! The version in a file's text: find it, or replace it and keep every other byte.

mod cargo_lock;
mod document;
mod json;
mod key;
mod pattern;
mod plain;
mod toml;
mod xml;
mod yaml;

use std::ops::Range;

use semver::Version;

pub use self::key::Key;
pub use self::pattern::Pattern;
pub use self::plain::{read_plain, write_plain};
use super::text;

/// Why a version file cannot be used. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it holds `{}`, not one semantic version such as 1.2.3", text::line(.0))]
    NotAVersion(String),
    #[error("line {line}: it is no {format}: {}", text::line(.problem))]
    Malformed { format: &'static str, line: usize, problem: String },
    #[error("there is no `{0}` in it")]
    Absent(String),
    #[error("line {line}: `{key}` is there more than once")]
    Repeated { key: String, line: usize },
    #[error("line {line}: `{key}` is an alias, whose version stands elsewhere")]
    Alias { key: String, line: usize },
    #[error("line {0}: a second document begins there")]
    SecondDocument(usize),
    #[error("line {line}: `{key}` is no plain text")]
    NotText { key: String, line: usize },
    #[error("the pattern `{pattern}` matches {count} times, not once")]
    Matches { pattern: String, count: usize },
    #[error("line {line}: it says `{}`, where the current version is {current}", text::line(.found))]
    Differs { line: usize, found: String, current: Version },
    #[error("line {0}: two entries of `version_file` name the same place")]
    SamePlace(usize),
}

/// Where a file holds the version.
#[derive(Debug, Clone)]
pub enum Place {
    /// The value of one key.
    Key(Format, Key),
    /// The group `version` of the one match.
    Pattern(Pattern),
    /// The entries of the repository's own packages in a Cargo.lock; only this package's, if one is named.
    CargoLock(Option<String>),
}

/// A format in which a value is found by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Toml,
    Json,
    Yaml,
    Xml,
}

impl Format {
    /// The format by the end of a file's name.
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "json" | "jsonc" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "xml" | "csproj" | "fsproj" | "vbproj" | "props" | "nuspec" => Some(Self::Xml),
            _ => None,
        }
    }
}

/// Where the versions of `place` stand in a text, as byte ranges.
fn find(text: &str, place: &Place) -> Result<Vec<Range<usize>>, ManifestError> {
    let one = |range| vec![range];
    match place {
        Place::Key(Format::Toml, key) => toml::find(text, key).map(one),
        Place::Key(Format::Json, key) => json::find(text, key).map(one),
        Place::Key(Format::Yaml, key) => yaml::find(text, key).map(one),
        Place::Key(Format::Xml, key) => xml::find(text, key).map(one),
        Place::Pattern(pattern) => pattern.find(text).map(one),
        Place::CargoLock(package) => cargo_lock::find(text, package.as_deref()),
    }
}

/// What is wrong with a file whose every place should hold `version`, in words that may be shown.
pub fn check(bytes: &[u8], places: &[Place], version: &Version) -> Result<(), Wrong> {
    set(bytes, places, version, version).map(|_| ()).map_err(|error| match error {
        ManifestError::Differs { line, found, .. } => {
            Wrong::Differs(format!("line {line} says `{}`", text::line(&found)))
        }
        error => Wrong::Unusable(error.to_string()),
    })
}

/// How a version file disagrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It says another version.
    Differs(String),
    /// No version is found where one is looked for.
    Unusable(String),
}

/// Sets every place of one file to `new`. Each must hold `current` so far, or `new` already; nothing else in the
/// file changes.
pub fn set(
    bytes: &[u8],
    places: &[Place],
    current: &Version,
    new: &Version,
) -> Result<Vec<u8>, ManifestError> {
    let whole = std::str::from_utf8(bytes).map_err(|_| ManifestError::NotUtf8)?;
    let text = whole.strip_prefix(plain::BOM).unwrap_or(whole);
    let mut ranges = Vec::new();
    for place in places {
        ranges.extend(find(text, place)?);
    }
    ranges.sort_unstable_by_key(|range| range.start);
    let mut result = whole.get(..whole.len() - text.len()).unwrap_or_default().to_owned();
    let mut done = 0;
    for range in ranges {
        if range.start < done {
            return Err(ManifestError::SamePlace(line_of(text, range.start)));
        }
        let found = text.get(range.clone()).unwrap_or_default();
        if !Version::parse(found).is_ok_and(|found| found == *current || found == *new) {
            return Err(ManifestError::Differs {
                line: line_of(text, range.start),
                found: found.chars().take(60).collect(),
                current: current.clone(),
            });
        }
        result.push_str(text.get(done..range.start).unwrap_or_default());
        result.push_str(&new.to_string());
        done = range.end;
    }
    result.push_str(text.get(done..).unwrap_or_default());
    Ok(result.into_bytes())
}

/// The line, counted from 1, in which a byte stands.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy;

    use super::*;

    fn place(format: Format, key: &str) -> Place {
        Place::Key(format, Key::parse(key).unwrap())
    }

    fn set_to_2(text: &str, places: &[Place]) -> Result<String, String> {
        let new = set(text.as_bytes(), places, &Version::new(1, 0, 0), &Version::new(2, 0, 0));
        new.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn several_places_of_one_file_change_together() {
        let places = [place(Format::Json, "version"), place(Format::Json, "packages.\"\".version")];
        assert_eq!(
            set_to_2("{\"packages\": {\"\": {\"version\": \"1.0.0\"}},\r\n \"version\": \"1.0.0\"}", &places),
            Ok("{\"packages\": {\"\": {\"version\": \"2.0.0\"}},\r\n \"version\": \"2.0.0\"}".to_owned())
        );
        let twice = [place(Format::Json, "version"), place(Format::Json, "version")];
        assert_eq!(
            set_to_2("{\"version\": \"1.0.0\"}", &twice),
            Err("line 1: two entries of `version_file` name the same place".to_owned())
        );
    }

    #[test]
    fn another_version_is_named_with_its_line() {
        assert_eq!(
            set_to_2("# x\nversion = \"1.0.1\"\n", &[place(Format::Toml, "version")]),
            Err("line 2: it says `1.0.1`, where the current version is 1.0.0".to_owned())
        );
    }

    #[test]
    fn the_new_version_may_be_there_already_and_a_byte_order_mark_stays() {
        let text = "\u{FEFF}version = '2.0.0'";
        assert_eq!(set_to_2(text, &[place(Format::Toml, "version")]), Ok(text.to_owned()));
    }

    /// Documents with one place for the version among names, comments and other versions that a person may write.
    fn document(format: Format, noise: &[(String, String)], blank: &str) -> String {
        let lines = |line: fn(&str, &str) -> String| -> String {
            noise.iter().map(|(name, value)| line(name, value)).collect::<Vec<_>>().concat()
        };
        match format {
            Format::Toml => {
                let noise = lines(|name, value| format!("x{name} = \"{value}\" # 1.0.0 {value}\n"));
                format!(
                    "{noise}[package]\n{noise}version{blank}={blank}\"{{}}\"{blank}# 1.0.0\n[other]\nversion = '1.0.0'\n"
                )
            }
            Format::Json => {
                let noise = lines(|name, value| format!("\"x{name}\": {{\"version\": \"{value}\"}},\r\n"));
                format!("{{{noise}\"package\":{blank}{{{noise}\"version\"{blank}:{blank}\"{{}}\"}}}}")
            }
            Format::Yaml => {
                let noise = lines(|name, value| format!("  x{name}: \"{value}\" # 1.0.0\n"));
                format!("version: 1.0.0\npackage:\n{noise}  version:{blank} {{}}{blank} # 1.0.0\n{noise}")
            }
            Format::Xml => {
                let noise = lines(|name, value| format!("<x{name} version='1.0.0'>{value}</x{name}>\n"));
                format!(
                    "<package>{noise}<!-- 1.0.0 --><version{blank}>{blank}{{}}{blank}</version>{noise}</package>"
                )
            }
        }
    }

    proptest::proptest! {
        #![proptest_config(crate::domain::properties())]

        #[test]
        fn only_the_version_of_the_place_changes(
            at in 0..4usize,
            names in proptest::collection::btree_map("[a-z]{1,6}", "[a-z0-9. ü]{0,12}|1\\.0\\.0", 0..6),
            blank in " {0,3}",
            old in "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(-rc\\.[1-9])?".prop_filter_map("a version", |text| Version::parse(&text).ok()),
        ) {
            let format = [Format::Toml, Format::Json, Format::Yaml, Format::Xml][at];
            let key = if format == Format::Xml { Key::parse_xml("package/version") } else { Key::parse("package.version") };
            // A name may stand in one table once.
            let noise: Vec<_> = names.into_iter().collect();
            let text = document(format, &noise, &blank);
            let new = Version::new(4, 5, 6);
            let before = text.replacen("{}", &old.to_string(), 1);
            let set = set(before.as_bytes(), &[Place::Key(format, key.unwrap())], &old, &new).unwrap();
            proptest::prop_assert_eq!(String::from_utf8(set).unwrap(), text.replacen("{}", "4.5.6", 1));
        }
    }
}
