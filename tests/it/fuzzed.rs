//! Replays the committed bytes of the fuzz targets, so that what was found once is tried on every push.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/checks.rs"]
mod checks;

/// Runs a check on each file of a corpus.
#[track_caller]
fn replay(corpus: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn messages() {
    replay("message", checks::message);
}

#[test]
fn changelogs() {
    replay("changelog", checks::changelog);
}

#[test]
fn version_files() {
    replay("version-files", checks::version_files);
}

#[test]
fn configurations() {
    replay("config", checks::config);
}
