//! Where a commit runs, and since when.

use serde::Serialize;

use super::board::is_object_id;
use super::subject::{SubjectError, tagged};
use crate::config::Config;
use crate::domain::deployment::Current;
use crate::domain::past::{self, Past};
use crate::git::{GitError, Repo};

/// Whether an environment has a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "there")]
pub enum There {
    /// Without a history nothing says since when.
    Yes { since: Option<Since> },
    /// `before` says whether it once was there.
    No { before: bool },
    /// Nothing was deployed there.
    Never,
    /// The commit that is recorded there is not in this clone, or no commit is recorded at all.
    Unknown { sha: Option<String> },
}

/// The deployment that brought a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Since {
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    pub deployment: i64,
    pub version: String,
    /// How long it took, in milliseconds.
    pub duration: Option<i64>,
    pub run_url: Option<String>,
    /// Whether the history that is known ends here, so that it may have been there before.
    pub or_earlier: bool,
}

/// A history, newest first, and whether it is known from its beginning.
#[derive(Debug, Default)]
pub struct Known {
    pub rows: Vec<Past>,
    pub whole: bool,
}

/// Whether the environment of a cell has `commit`.
pub fn there(
    item: &Current,
    known: &Known,
    commit: &str,
    repo: &Repo,
    config: &Config,
) -> Result<There, SubjectError> {
    let Some(recorded) = &item.recorded else { return Ok(There::Never) };
    let now = resolve(recorded.sha.as_deref(), &recorded.version, repo, config)?;
    let Some(now) = now else { return Ok(There::Unknown { sha: recorded.sha.clone() }) };
    let mut successes: Vec<&Past> = known.rows.iter().filter(|row| row.succeeded()).collect();
    // A late report enters the history without becoming what runs, so what runs comes first.
    successes.sort_by_key(|row| (row.id != recorded.id, std::cmp::Reverse((row.at(), row.id))));
    let mut oids = Vec::new();
    for row in &successes {
        oids.push(resolve(row.sha.as_deref(), &row.version, repo, config)?);
    }
    let containing = repo.containing(commit, oids.iter().flatten().chain([&now]))?;
    let held: Vec<Option<bool>> =
        oids.iter().map(|oid| oid.as_ref().map(|oid| containing.contains(oid))).collect();
    if !containing.contains(&now) {
        return Ok(There::No { before: held.contains(&Some(true)) });
    }
    let holds = |row: &Past| {
        let at = successes.iter().position(|other| other.id == row.id);
        at.and_then(|at| held.get(at)) == Some(&Some(true))
    };
    let since = past::since(&successes, holds).map(|row| {
        let next = successes.iter().position(|other| other.id == row.id).and_then(|at| held.get(at + 1));
        Since {
            at: row.at(),
            deployment: row.id,
            version: row.version.clone(),
            duration: row.duration,
            run_url: row.run_url.clone(),
            or_earlier: match next {
                // The first of all, or one whose commit is unknown here.
                None => !known.whole,
                Some(held) => held.is_none(),
            },
        }
    });
    Ok(There::Yes { since })
}

/// The commit of a record, if this clone has it.
pub(super) fn resolve(
    sha: Option<&str>,
    version: &str,
    repo: &Repo,
    config: &Config,
) -> Result<Option<String>, SubjectError> {
    match sha.filter(|sha| is_object_id(sha)) {
        Some(sha) => match repo.resolve(sha) {
            Ok(oid) => Ok(Some(oid)),
            Err(GitError::UnknownRevision(_)) => Ok(None),
            Err(error) => Err(error.into()),
        },
        None => tagged(version, config, repo),
    }
}
