//! What must hold for any bytes. The fuzz targets try bytes that nobody thought of, and the integration tests replay the
//! committed ones.
#![allow(dead_code, reason = "each target calls one of these")]

use std::path::Path;

use semver::Version;
use shipmark::config;
use shipmark::domain::changelog::{self, ChangelogError};
use shipmark::domain::lint;
use shipmark::domain::manifest::{Format, Key, Pattern, Place, set};
use shipmark::domain::message::Message;
use shipmark::domain::text;

/// A message is read without a panic, and a correction by the same text reads the same.
pub(crate) fn message(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let message = Message::parse(&text);
    assert_eq!(message.header, message.header.trim());
    assert_eq!(Message::parse_note(&text).kind, message.kind);
    let _ = (message.release_as(), message.revert_targets(), message.picked_from());
    for listed in message.listed() {
        assert!(listed.change().is_some());
    }
    let _ = lint::lint(&message, ["security"].into_iter());
    let shown = text::markdown(&message.header);
    assert!(!shown.contains('\n') && !shown.contains(char::is_control), "{shown:?}");
}

/// Everything outside the section stays, and a second run changes nothing.
pub(crate) fn changelog(bytes: &[u8]) {
    const SECTION: &str = "## 1.1.0 - 2026-01-31\n\n### Added\n\n- a door (0123abc)\n";
    for (version, section) in
        [("1.1.0", SECTION), ("unreleased", "## Unreleased\n\n### Fixed\n\n- b (0123abc)\n")]
    {
        let once = match changelog::splice(Some(bytes), version, section) {
            Ok(once) => once,
            Err(ChangelogError::NotUtf8) => return assert!(std::str::from_utf8(bytes).is_err()),
            Err(ChangelogError::OpenFence(line)) => return assert!((1..=bytes.len()).contains(&line)),
        };
        let twice = changelog::splice(Some(&once), version, section).unwrap();
        assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once));
        let text = String::from_utf8(once).unwrap();
        let before = String::from_utf8_lossy(bytes);
        for known in changelog::versions(&before) {
            assert!(changelog::versions(&text).contains(&known), "{known} is lost");
        }
    }
}

/// The places that every text is searched for.
pub(crate) fn places() -> Vec<Place> {
    let key = |format, key| Place::Key(format, Key::parse(key).unwrap());
    vec![
        key(Format::Toml, "package.version"),
        key(Format::Json, "version"),
        key(Format::Yaml, "version"),
        Place::Key(Format::Xml, Key::parse_xml("project/version").unwrap()),
        Place::Key(Format::Xml, Key::parse_xml("project/@version").unwrap()),
        Place::Pattern(Pattern::parse("^version = \"(?<version>.+)\"$").unwrap()),
        Place::CargoLock(None),
    ]
}

/// What was set can be set back, byte for byte, so nothing but versions changed.
pub(crate) fn version_files(bytes: &[u8]) {
    let (old, new) = (Version::new(1, 0, 0), Version::new(9, 9, 9));
    for place in places() {
        let place = [place];
        let Ok(changed) = set(bytes, &place, &old, &new) else { continue };
        if String::from_utf8_lossy(bytes).contains("9.9.9") {
            continue;
        }
        let back = set(&changed, &place, &new, &old).unwrap();
        assert_eq!(String::from_utf8_lossy(&back), String::from_utf8_lossy(bytes));
        assert_ne!(changed, bytes);
    }
}

/// A configuration is read or refused with its file and line.
pub(crate) fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = config::read(&text, Path::new("shipmark.toml")) {
        let error = error.to_string();
        assert!(error.starts_with("shipmark.toml:"), "{error}");
    }
}
