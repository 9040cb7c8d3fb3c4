//! Tells a registry, which has no clone, what a deployment brings: then its comparisons know. Nothing depends on it, so
//! what does not work is only said to who asks for details.

use std::time::Duration;

use super::Context;
use crate::deploy::client::{Client, Spot};
use crate::deploy::subject::Target;
use crate::domain::lists::{Line, MOST, Told};
use crate::domain::text;
use crate::git::{GitError, Repo};

/// How long a running registry is asked, each time.
const LIMIT: Duration = Duration::from_secs(1);
/// The most characters of a subject.
const SUBJECT: usize = 200;

/// What was live there before.
pub(super) enum Before<'a> {
    Nothing,
    Commit(&'a str),
    /// Something of which nobody said the commit.
    Unnamed,
}

impl<'a> Before<'a> {
    pub(super) fn of(live: bool, sha: Option<&'a str>) -> Self {
        match sha {
            _ if !live => Self::Nothing,
            Some(sha) => Self::Commit(sha),
            None => Self::Unnamed,
        }
    }
}

/// Tells it of a deployment with its id and commit.
pub(super) fn tell(context: &Context, client: &Client, (id, sha): (i64, &str), before: &Before) {
    let since = match before {
        Before::Nothing => None,
        Before::Commit(sha) => Some(*sha),
        Before::Unnamed => return,
    };
    let told = context.open().and_then(|repo| told(&repo, sha, since)).map_err(|error| error.to_string());
    let done = told.and_then(|told| client.tell_commits(id, &told, LIMIT).map_err(|error| error.to_string()));
    if let Err(why) = done {
        context.ui.detail(&format!("the registry is not told the commits: {}", text::line(&why)));
    }
}

/// The same where it has to be asked what was live before.
pub(super) fn tell_after(context: &Context, client: &Client, (id, sha): (i64, &str), target: &Target) {
    let spot = Spot { app: &target.app, platform: &target.platform, environment: &target.environment };
    let Ok(known) = client.history_of(spot, 1, LIMIT) else { return };
    let before = known.rows.iter().find(|row| row.id != id && row.succeeded());
    if before.is_none() && !known.whole {
        return;
    }
    let before = Before::of(before.is_some(), before.and_then(|row| row.sha.as_deref()));
    tell(context, client, (id, sha), &before);
}

fn told(repo: &Repo, sha: &str, since: Option<&str>) -> Result<Told, GitError> {
    let between = repo.between(sha, since)?;
    let is_more = between.commits.len() > MOST;
    let line = |(commit, at): (crate::domain::plan::Commit, i64)| Line {
        subject: text::line(&commit.message.header).chars().take(SUBJECT).collect(),
        breaking: !commit.message.breaking.is_empty(),
        sha: commit.oid,
        parents: commit.parents,
        at: at.max(0),
    };
    Ok(Told {
        commits: between.commits.into_iter().take(MOST).map(line).collect(),
        commits_since: since.map(str::to_owned),
        commits_truncated: between.cut || is_more,
    })
}
