//! How the deployments of one environment follow on each other in the history of the commits.

use super::subject::SubjectError;
use super::whereabouts::resolve;
use crate::config::Config;
use crate::domain::dora::{Came, Change, Changes, Course, Deployments};
use crate::git::Repo;

/// How each success came, in their order. Only those that `matters` names are looked at closely, and `whole` says
/// whether the first of them is the first of all.
///
/// An earlier success whose commit is not known here is passed over, unless it is the one directly before: what
/// it brought is almost always part of what followed.
pub fn came(
    deployments: &Deployments,
    whole: bool,
    repo: &Repo,
    config: &Config,
    matters: &dyn Fn(usize) -> bool,
) -> Result<Vec<Came>, SubjectError> {
    let mut commits: Vec<Option<String>> = Vec::new();
    for success in &deployments.successes {
        commits.push(resolve(success.row.sha.as_deref(), &success.row.version, repo, config)?);
    }
    let mut came = Vec::new();
    for (at, commit) in commits.iter().enumerate() {
        let before = commits.get(..at).unwrap_or_default();
        let unknown = Came { course: Course::Unknown, changes: Changes::Unknown };
        came.push(match (commit, before.last()) {
            (_, None) if whole => Came { changes: Changes::First, ..unknown },
            (Some(commit), Some(Some(last))) if matters(at) => Came {
                course: course(repo, commit, last)?,
                changes: changes(repo, commit, before.iter().flatten())?,
            },
            _ => unknown,
        });
    }
    Ok(came)
}

fn course(repo: &Repo, new: &str, old: &str) -> Result<Course, SubjectError> {
    Ok(match repo.ahead_behind(new, old)? {
        (_, 0) => Course::Forward,
        (0, _) => Course::Back,
        _ => Course::Apart,
    })
}

/// A shallow clone does not have them all, and a part of them would be another number.
fn changes<'a>(
    repo: &Repo,
    commit: &str,
    before: impl Iterator<Item = &'a String>,
) -> Result<Changes, SubjectError> {
    if repo.is_shallow() {
        return Ok(Changes::Unknown);
    }
    let mut without: Vec<&str> = before.map(String::as_str).collect();
    without.sort_unstable();
    without.dedup();
    let commits = repo.commits_without(commit, without)?;
    Ok(Changes::Known(commits.iter().filter_map(Change::of).collect()))
}
