//! Turns a decision into a plan: every byte and reference, still without an effect.

use jiff::Timestamp;
use semver::Version;
use sha2::{Digest, Sha256};

use super::changelog::{self, ChangelogError};
use super::manifest::{self, ManifestError, Place};
use super::plan::{Decision, FileEdit, Plan};
use super::released;

/// What a plan is made of beside the decision.
#[derive(Debug)]
pub struct Parts<'a> {
    pub app: &'a str,
    /// The full name of the branch that moves.
    pub branch_ref: &'a str,
    /// The commit that it has now.
    pub base: &'a str,
    /// Holds `{version}`.
    pub commit_message: &'a str,
    /// The section of the changelog.
    pub section: &'a str,
    /// The release notes, which have no heading; they are the tag's message.
    pub notes: &'a str,
    pub version_file: Managed<'a>,
    pub changelog: Managed<'a>,
    /// The other files that hold the version, with the places in them.
    pub version_files: Vec<(Managed<'a>, &'a [Place])>,
    pub time: Timestamp,
}

/// A file that a release edits.
#[derive(Debug)]
pub struct Managed<'a> {
    /// From the root of the worktree.
    pub path: &'a str,
    pub bytes: Option<Vec<u8>>,
    /// Whether these bytes stand at the base; what is untracked goes into the release commit.
    pub tracked: bool,
}

/// A managed file that cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    #[error("`{path}` cannot be used")]
    Manifest { path: String, source: ManifestError },
    #[error("`{0}` is not there")]
    Absent(String),
    #[error("`{path}` cannot be used")]
    Changelog { path: String, source: ChangelogError },
}

/// The plan of a release. The same parts give the same bytes. A file that says already what it should is left
/// out of `files`; `commit_message` is kept, since a commit is made only if some file changes.
pub fn assemble(decision: &Decision, parts: &Parts) -> Result<Plan, AssembleError> {
    let version = &decision.next;
    let version_file = edit(&parts.version_file, |path, old| {
        manifest::write_plain(old, version).map_err(|source| AssembleError::Manifest { path, source })
    })?;
    let changelog = edit(&parts.changelog, |path, old| {
        changelog::splice(old, &version.to_string(), parts.section)
            .map_err(|source| AssembleError::Changelog { path, source })
    })?;
    let mut files = vec![version_file, changelog];
    let current = current(decision, parts)?;
    for (file, places) in &parts.version_files {
        files.push(edit(file, |path, old| {
            let Some(old) = old else { return Err(AssembleError::Absent(path)) };
            manifest::set(old, places, &current, version)
                .map_err(|source| AssembleError::Manifest { path, source })
        })?);
    }
    let release_id = release_id(parts.app, parts.base, version);
    let subject = parts.commit_message.replace("{version}", &version.to_string());
    Ok(Plan {
        commit_message: format!("{subject}\n\nRelease-Id: {release_id}\n"),
        tag_message: tag_message(parts, decision, &release_id),
        tag_ref: format!("refs/tags/{}", decision.tag),
        branch_ref: parts.branch_ref.to_owned(),
        base: parts.base.to_owned(),
        files: files.into_iter().flatten().collect(),
        previous: decision.current.clone(),
        version: version.clone(),
        time: parts.time,
        release_id,
    })
}

/// What the version files must hold so far: what VERSION.txt says, else the version that the decision starts from.
fn current(decision: &Decision, parts: &Parts) -> Result<Version, AssembleError> {
    let path = || parts.version_file.path.to_owned();
    match &parts.version_file.bytes {
        None => Ok(decision.current.clone()),
        Some(bytes) => {
            manifest::read_plain(bytes).map_err(|source| AssembleError::Manifest { path: path(), source })
        }
    }
}

fn edit(
    file: &Managed,
    write: impl FnOnce(String, Option<&[u8]>) -> Result<Vec<u8>, AssembleError>,
) -> Result<Option<FileEdit>, AssembleError> {
    let new = write(file.path.to_owned(), file.bytes.as_deref())?;
    let says_it = file.tracked && file.bytes.as_ref() == Some(&new);
    Ok((!says_it).then(|| FileEdit { path: file.path.to_owned(), old: file.bytes.clone(), new }))
}

/// The trailers name the release and what a registry is to be told of it.
fn tag_message(parts: &Parts, decision: &Decision, release_id: &str) -> String {
    let (app, version, notes) = (parts.app, &decision.next, parts.notes.trim());
    let report = released::trailer(app, decision.bump);
    format!("{app} {version}\n\n{notes}\n\n{report}\nRelease-Id: {release_id}\n")
}

/// Names the release by what it is made from, so that a second run recognises the work of the first: SHA-256
/// over app, base commit and version, each preceded by its length.
fn release_id(app: &str, base: &str, version: &Version) -> String {
    let mut hash = Sha256::new();
    for part in [app, base, &version.to_string()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::Rule;
    use crate::domain::version::Zero;

    fn decision() -> Decision {
        Decision {
            current: Version::new(1, 0, 0),
            next: Version::new(1, 1, 0),
            tag: "v1.1.0".to_owned(),
            released: true,
            bump: None,
            rule: Rule::Commits,
            reason: String::new(),
            zero: Zero::Semver,
            base: None,
            commits: 1,
            deciding: Vec::new(),
            ignored: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn parts(version_file: Option<&[u8]>) -> Parts<'static> {
        Parts {
            app: "helpdesk",
            branch_ref: "refs/heads/main",
            base: "0123456789012345678901234567890123456789",
            commit_message: "chore(release): {version}",
            section: "## 1.1.0 - 2026-01-31\n\n### Added\n\n- a door\n",
            notes: "### Added\n\n- a door\n",
            version_file: Managed {
                path: "VERSION.txt",
                bytes: version_file.map(<[u8]>::to_vec),
                tracked: true,
            },
            changelog: Managed { path: "CHANGELOG.md", bytes: None, tracked: false },
            version_files: Vec::new(),
            time: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_same_parts_give_the_same_plan() {
        let plan = |old| assemble(&decision(), &parts(old)).unwrap();
        let first = plan(Some(b"1.0.0\n"));
        assert_eq!(format!("{first:?}"), format!("{:?}", plan(Some(b"1.0.0\n"))));
        assert_eq!(first.files.len(), 2);
        assert_eq!(first.files[0].new, b"1.1.0\n");
        let id = &first.release_id;
        assert_eq!(first.commit_message, format!("chore(release): 1.1.0\n\nRelease-Id: {id}\n"));
        assert_eq!(
            first.tag_message,
            format!(
                "helpdesk 1.1.0\n\n### Added\n\n- a door\n\nShipmark-Report: {{\"app\":\"helpdesk\"}}\nRelease-Id: {id}\n"
            )
        );
    }

    #[test]
    fn a_file_that_says_it_already_is_left_alone() {
        let plan = assemble(&decision(), &parts(Some(b"1.1.0\n"))).unwrap();
        assert_eq!(plan.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["CHANGELOG.md"]);
    }

    #[test]
    fn every_version_file_is_checked_before_any_is_edited() {
        let places = [Place::Key(manifest::Format::Json, manifest::Key::parse("version").unwrap())];
        let planned = |text: Option<&str>| {
            let file = Managed {
                path: "package.json",
                bytes: text.map(|text| text.as_bytes().to_vec()),
                tracked: true,
            };
            let parts = Parts { version_files: vec![(file, &places)], ..parts(Some(b"1.0.0\n")) };
            assemble(&decision(), &parts).map_err(|error| match error {
                AssembleError::Manifest { path, source } => format!("{path}: {source}"),
                other => other.to_string(),
            })
        };
        let plan = planned(Some("{\"version\": \"1.0.0\"}")).unwrap();
        assert_eq!(plan.files[2].new, b"{\"version\": \"1.1.0\"}");
        assert_eq!(planned(Some("{\"version\": \"1.1.0\"}")).unwrap().files.len(), 2);
        assert_eq!(
            planned(Some("{\"version\": \"1.0.1\"}")).unwrap_err(),
            "package.json: line 1: it says `1.0.1`, where the current version is 1.0.0"
        );
        assert_eq!(planned(None).unwrap_err(), "`package.json` is not there");
    }

    #[test]
    fn an_unusable_file_is_named() {
        let error = assemble(&decision(), &parts(Some(b"one"))).unwrap_err();
        assert_eq!(error.to_string(), "`VERSION.txt` cannot be used");
    }

    proptest::proptest! {
        #![proptest_config(crate::domain::properties())]

        #[test]
        fn equal_parts_give_equal_bytes(changelog in "(# Log\n)?(## [0-9]\\.0\\.0\n\n- a\n){0,3}", tracked: bool) {
            let plan = || {
                let changelog = Managed { path: "CHANGELOG.md", bytes: Some(changelog.clone().into_bytes()), tracked };
                format!("{:?}", assemble(&decision(), &Parts { changelog, ..parts(Some(b"1.0.0\r\n")) }).unwrap())
            };
            proptest::prop_assert_eq!(plan(), plan());
        }
    }
}
