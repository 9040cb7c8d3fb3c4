//! What a person names to be compared: this clone, an environment, a tag or a commit.

use serde::Serialize;

use super::board::is_object_id;
use super::subject::{SubjectError, tagged, version_at};
use crate::config::Config;
use crate::domain::deployment::Current;
use crate::domain::text;
use crate::git::{GitError, Repo};

/// The name of this clone's HEAD.
pub const LOCAL: &str = "local";

/// Why a name stands for nothing that can be compared.
#[derive(Debug, thiserror::Error)]
pub enum OperandError {
    #[error("`{0}` is no environment with a record, and no commit or tag here")]
    Unknown(String),
    #[error("unknown: {} of {environment} is not in this clone", text::line(text::short(.sha)))]
    NotHere { environment: String, sha: String, shallow: bool },
    #[error(
        "gone: {} of {environment} is neither here nor on the remote (rebased away, or another repository)",
        text::line(text::short(.sha))
    )]
    Gone { environment: String, sha: String },
    #[error(transparent)]
    Subject(#[from] SubjectError),
}

/// By what it is known which state of the history is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Commit,
    /// Only the version is recorded, and its tag names a commit.
    Tag,
    /// Only the version is recorded, and nothing here says which commit that is.
    Version,
    /// Nothing was deployed there.
    Nothing,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operand {
    pub name: String,
    pub version: Option<String>,
    /// Commits since the tag of that version, as `1.2.0+2` shows them.
    pub since_tag: usize,
    pub sha: Option<String>,
    pub by: By,
    /// When it was deployed, in milliseconds since 1970 UTC.
    pub recorded_at: Option<i64>,
}

impl Operand {
    /// HEAD.
    pub fn local(repo: &Repo, config: &Config) -> Result<Self, OperandError> {
        let head = repo.head().map_err(SubjectError::from)?;
        Self::commit(LOCAL, head.oid, repo, config)
    }

    /// A tag or a commit.
    pub fn revision(name: &str, repo: &Repo, config: &Config) -> Result<Self, OperandError> {
        match repo.resolve(name) {
            Ok(oid) => Self::commit(name, oid, repo, config),
            Err(GitError::UnknownRevision(_)) => Err(OperandError::Unknown(text::line(name))),
            Err(error) => Err(SubjectError::from(error).into()),
        }
    }

    fn commit(name: &str, sha: String, repo: &Repo, config: &Config) -> Result<Self, OperandError> {
        // A commit without a version can be compared all the same.
        let version = version_at(repo, &sha).ok().map(|version| version.to_string());
        let tag = version.as_deref().map(|version| tagged(version, config, repo)).transpose()?.flatten();
        let since_tag = match tag.map(|tag| repo.ahead_behind(&sha, &tag)).transpose() {
            Ok(Some((ahead, 0))) => ahead,
            Ok(_) => 0,
            Err(error) => return Err(SubjectError::from(error).into()),
        };
        let name = name.to_owned();
        Ok(Self { name, version, since_tag, sha: Some(sha), by: By::Commit, recorded_at: None })
    }

    /// What an environment has; nothing if it has no record.
    pub fn environment(
        name: &str,
        item: Option<&Current>,
        repo: &Repo,
        config: &Config,
    ) -> Result<Self, OperandError> {
        let none = Self {
            name: name.to_owned(),
            version: None,
            since_tag: 0,
            sha: None,
            by: By::Nothing,
            recorded_at: None,
        };
        let Some(recorded) = item.and_then(|item| item.recorded.as_ref()) else { return Ok(none) };
        let at = recorded.finished_at.unwrap_or(recorded.started_at);
        let known = Self { version: Some(recorded.version.clone()), recorded_at: Some(at), ..none };
        // Other text than an object id could be a search or a range.
        if let Some(sha) = recorded.sha.as_deref().filter(|sha| is_object_id(sha)) {
            return match repo.resolve(sha) {
                Ok(sha) => Ok(Self { sha: Some(sha), by: By::Commit, ..known }),
                Err(GitError::UnknownRevision(_)) => Err(OperandError::NotHere {
                    environment: text::line(name),
                    sha: sha.to_owned(),
                    shallow: repo.is_shallow(),
                }),
                Err(error) => Err(SubjectError::from(error).into()),
            };
        }
        let sha = tagged(&recorded.version, config, repo)?;
        let by = if sha.is_some() { By::Tag } else { By::Version };
        Ok(Self { sha, by, ..known })
    }

    /// `1.2.0-rc.1+2`: the version, and how many commits came after its tag.
    pub fn shown_version(&self) -> Option<String> {
        let version = self.version.as_deref().map(text::line)?;
        let further = if self.since_tag > 0 { format!("+{}", self.since_tag) } else { String::new() };
        Some(format!("{version}{further}"))
    }
}

/// Whether only git can know what a name means, so that no registry need be asked: an environment may have the
/// name of a branch, and then the environment is meant, since a branch proves nothing about a server.
pub fn is_revision(name: &str, repo: &Repo, config: &Config) -> bool {
    name == "HEAD"
        || name.contains(['~', '^', '@', ':'])
        || config.tag_format.version_of(name).is_some()
        || (is_object_id(name) && repo.resolve(name).is_ok())
}
