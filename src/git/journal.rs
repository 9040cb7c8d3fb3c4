//! What a release is about to make visible, on disk before anything is visible, so that a run that died is finished
//! by the next one. The objects are in the repository already; the journal names them.

use std::path::PathBuf;

use git2::{ObjectType, Oid};
use serde::{Deserialize, Serialize};

use super::object::Objects;
use super::push::RemoteTips;
use super::{GitError, Repo, failed};
use crate::domain::plan::Plan;
use crate::files;

/// The shape of the file; another one was written by another shipmark.
const SCHEMA: u32 = 1;

/// A release under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    schema: u32,
    pub state: State,
    pub version: semver::Version,
    pub branch_ref: String,
    pub tag_ref: String,
    /// The commit that the branch had.
    pub base: String,
    /// The release commit, or the base where no file had to change.
    pub commit: String,
    /// The tag object.
    pub tag: String,
    pub files: Vec<JournalFile>,
    /// `None` for a release that stays here.
    pub remote: Option<JournalRemote>,
    /// Earlier releases that go along, since the remote lacks them.
    #[serde(default)]
    pub earlier: Vec<JournalTag>,
    /// Whether HEAD named the commit itself.
    pub detached: bool,
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The remote may or may not have it; only the remote knows.
    Prepared,
    /// The remote has it.
    Pushed,
}

/// A managed file that the release changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalFile {
    pub path: String,
    /// The blob that its bytes made before; `None` if it was not there.
    pub old: Option<String>,
}

/// A tag object and the reference that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalTag {
    pub tag_ref: String,
    pub tag: String,
}

/// Where it is pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRemote {
    pub name: String,
    /// The commit that the branch had there.
    pub tip: Option<String>,
}

impl Journal {
    /// The journal of a plan whose objects are written.
    pub fn of(
        plan: &Plan,
        objects: &Objects,
        push: Option<(&str, &RemoteTips)>,
        earlier: Vec<JournalTag>,
        detached: bool,
    ) -> Result<Self, GitError> {
        let blob = |bytes: &Vec<u8>| Oid::hash_object(ObjectType::Blob, bytes).map(|oid| oid.to_string());
        let file = |file: &crate::domain::plan::FileEdit| {
            let old = file.old.as_ref().map(blob).transpose().map_err(failed("the old file"))?;
            Ok(JournalFile { path: file.path.clone(), old })
        };
        Ok(Self {
            schema: SCHEMA,
            state: State::Prepared,
            version: plan.version.clone(),
            branch_ref: plan.branch_ref.clone(),
            tag_ref: plan.tag_ref.clone(),
            base: plan.base.clone(),
            commit: objects.commit.clone(),
            tag: objects.tag.clone(),
            files: plan.files.iter().map(file).collect::<Result<_, GitError>>()?,
            remote: push.map(JournalRemote::of),
            earlier,
            detached,
        })
    }

    /// The journal of a push alone: the newest of some releases that were made here before, and the others with
    /// it. `None` without any.
    pub fn of_earlier(
        head: &str,
        branch_ref: &str,
        version: &semver::Version,
        mut owed: Vec<JournalTag>,
        push: (&str, &RemoteTips),
    ) -> Option<Self> {
        let newest = owed.pop()?;
        Some(Self {
            schema: SCHEMA,
            state: State::Prepared,
            version: version.clone(),
            branch_ref: branch_ref.to_owned(),
            tag_ref: newest.tag_ref,
            base: head.to_owned(),
            commit: head.to_owned(),
            tag: newest.tag,
            files: Vec::new(),
            remote: Some(JournalRemote::of(push)),
            earlier: owed,
            detached: false,
        })
    }

    /// The reference that moves here.
    pub fn moving_ref(&self) -> &str {
        if self.detached { "HEAD" } else { &self.branch_ref }
    }
}

impl JournalRemote {
    fn of((name, tips): (&str, &RemoteTips)) -> Self {
        Self { name: name.to_owned(), tip: tips.branch.clone() }
    }
}

impl Repo {
    fn journal_path(&self) -> PathBuf {
        self.private_dir().join("release.json")
    }

    /// The release that an earlier run left unfinished.
    pub fn journal(&self) -> Result<Option<Journal>, GitError> {
        let path = self.journal_path();
        let Some(bytes) = files::read(&path)? else { return Ok(None) };
        let unusable = |problem: String| GitError::Journal { path: path.clone(), problem };
        let journal: Journal = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        if journal.schema == SCHEMA {
            Ok(Some(journal))
        } else {
            Err(unusable(format!("its schema is {}, not {SCHEMA}", journal.schema)))
        }
    }

    /// Puts the journal on disk; when this returns, a power cut does not lose it.
    pub fn keep_journal(&self, journal: &Journal) -> Result<(), GitError> {
        if cfg!(feature = "weak") {
            return Ok(());
        }
        let path = self.journal_path();
        let bytes = serde_json::to_vec_pretty(journal)
            .map_err(|error| GitError::Journal { path: path.clone(), problem: error.to_string() })?;
        Ok(files::replace(&path, &bytes)?)
    }

    /// Closes the journal: nothing is owed any more.
    pub fn drop_journal(&self) -> Result<(), GitError> {
        Ok(files::remove(&self.journal_path())?)
    }
}
