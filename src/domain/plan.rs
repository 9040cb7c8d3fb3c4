//! The three values of a release: what is, what should happen and why, and every byte of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use super::message::{Message, Source};
use super::version::{Bump, Zero};

/// What a repository holds, as far as a release depends on it; read once.
#[derive(Debug, Clone)]
pub struct History {
    /// The commit of HEAD.
    pub head: String,
    /// The tags that name a version above the base, or any version without one; reached or not.
    pub tags: Vec<Tag>,
    /// The highest stable version among the tags that HEAD reaches.
    pub base: Option<Tag>,
    /// The commits that HEAD has and the base lacks, newest first.
    pub window: Vec<Commit>,
    /// Those commits of the window that a release contains as copies.
    pub copies: BTreeSet<String>,
    /// The releases that HEAD does not contain, but has all changes of; the last one is the base.
    pub adopted: Vec<Tag>,
    /// VERSION.txt at HEAD; `None` if there is none.
    pub version_file: Option<Version>,
}

impl History {
    /// A history without a release.
    pub fn of(head: String, window: Vec<Commit>) -> Self {
        Self {
            head,
            tags: Vec::new(),
            base: None,
            window,
            copies: BTreeSet::new(),
            adopted: Vec::new(),
            version_file: None,
        }
    }

    /// How many commits the window has; what a squash lists stands next to it and counts once.
    pub fn commits(&self) -> usize {
        self.window.chunk_by(|one, next| one.oid == next.oid).count()
    }
}

/// A pre-release that HEAD contains and that settles what the next final version is.
#[derive(Debug, Clone)]
pub struct Promise {
    pub tag: Tag,
    /// The commits that HEAD has and the pre-release lacks, newest first.
    pub since: Vec<Commit>,
}

/// A tag that names a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    pub name: String,
    pub version: Version,
    /// The commit that it names, through a tag object or directly.
    pub commit: String,
}

/// One commit of the window.
#[derive(Debug, Clone)]
pub struct Commit {
    pub oid: String,
    pub message: Message,
    pub author: String,
    /// The author's mail address.
    pub email: String,
    /// When the author wrote it, in seconds since 1970 UTC; a rebase keeps that.
    pub authored: i64,
    /// The object ids of its parents.
    pub parents: Vec<String>,
    /// Whether the repository has a commit that this one says it reverts. A rebase leaves reverts behind
    /// whose target exists no more.
    pub revert_target_exists: bool,
    /// Why it asks for nothing, whatever its message says.
    pub passed_over: Option<Reason>,
}

impl Commit {
    /// A commit of which only the message matters, for tests.
    #[cfg(test)]
    pub(crate) fn of(oid: &str, text: &str) -> Self {
        Self {
            oid: oid.to_owned(),
            message: Message::parse(text),
            author: "Ada".to_owned(),
            email: "ada@example.org".to_owned(),
            authored: 0,
            parents: vec!["0".repeat(40)],
            revert_target_exists: false,
            passed_over: None,
        }
    }

    /// Whether it joins histories.
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}

/// What a person asked for beside what the commits say.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub set: Option<Version>,
    pub bump: Option<Bump>,
    /// 1.0.0, from below it.
    pub graduate: bool,
}

/// What should happen, and why. Serialised, it is the answer of `next --json`.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// The version that the repository has now.
    pub current: Version,
    pub next: Version,
    pub tag: String,
    /// Whether there is something to release.
    pub released: bool,
    pub bump: Option<Bump>,
    pub rule: Rule,
    /// One sentence.
    pub reason: String,
    pub zero: Zero,
    pub base: Option<Tag>,
    /// The number of commits since the base.
    pub commits: usize,
    pub deciding: Vec<Deciding>,
    pub ignored: Vec<Ignored>,
    pub warnings: Vec<String>,
}

impl Decision {
    /// The same look at the history, but nothing is released, for another reason.
    #[must_use]
    pub fn withheld(self, reason: String) -> Self {
        Self { next: self.current.clone(), released: false, reason, ..self }
    }
}

/// What settled the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    Initial,
    Commits,
    Promote,
    ReleaseAs,
    VersionFile,
    BumpFlag,
    Set,
}

/// A commit that asks for a release.
#[derive(Debug, Clone, Serialize)]
pub struct Deciding {
    pub oid: String,
    pub header: String,
    /// The conventional type; `revert` for git's own words.
    pub r#type: String,
    /// The level by its type.
    pub level: Bump,
    /// The level after the policy for 0.x.
    pub effective: Bump,
    pub breaking: bool,
    /// Where the message stands.
    pub message_source: Source,
}

/// A commit that asks for none, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Ignored {
    pub oid: String,
    pub header: String,
    pub reason: Reason,
}

/// Why a commit asks for no release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    TypeNone,
    Merge,
    NotConventional,
    /// A later commit takes it back.
    Reverted,
    /// It takes an earlier commit of the same window back.
    Revert,
    Autosquash,
    OwnRelease,
    BareVersion,
    /// A release contains a copy of it, or the commit that it was picked from.
    AlreadyReleased,
    /// The commit that it was picked from, or another pick of it, is in the window too.
    DuplicatePick,
    /// The configuration passes it over.
    Filtered,
    /// A note takes its message away.
    NoteEmpty,
}

impl Reason {
    /// Whether a commit of this kind may still stand in the notes: a type without a level has no heading
    /// anyway, unless it breaks something.
    pub fn keeps_note(self) -> bool {
        matches!(self, Self::TypeNone | Self::NotConventional)
    }

    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::TypeNone => "its type asks for no release",
            Self::Merge => "a merge; its branch is counted commit by commit",
            Self::NotConventional => "not a conventional message",
            Self::Reverted => "reverted later",
            Self::Revert => "reverts a commit that was not released",
            Self::Autosquash => "to be squashed",
            Self::OwnRelease => "a release of shipmark's",
            Self::BareVersion => "only a version",
            Self::AlreadyReleased => "a release contains a copy of it",
            Self::DuplicatePick => "picked from a commit that counts already",
            Self::Filtered => "passed over by `commits.exclude`",
            Self::NoteEmpty => "an empty note takes it out",
        }
    }
}

/// Every byte and reference of a release, before anything is done.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Known again by a later run: it stands in the commit and in the tag.
    pub release_id: String,
    pub version: Version,
    pub previous: Version,
    /// The full name, `refs/heads/…`.
    pub branch_ref: String,
    /// The commit that the branch has now.
    pub base: String,
    /// The full name, `refs/tags/…`.
    pub tag_ref: String,
    pub commit_message: String,
    pub tag_message: String,
    pub files: Vec<FileEdit>,
    /// The time of commit and tag.
    pub time: Timestamp,
}

/// One file with its new content.
#[derive(Debug, Clone, Serialize)]
pub struct FileEdit {
    /// From the root of the worktree.
    pub path: String,
    /// The bytes at the base, if the file was there.
    #[serde(skip)]
    pub old: Option<Vec<u8>>,
    #[serde(skip)]
    pub new: Vec<u8>,
}
