//! The commits that deployments brought, as their clients told them.

use std::collections::BTreeMap;

use super::db::{Record, Transaction, Value, values};
use super::sql::commits as sql;
use super::writer::Verdict;
use super::{Store, StoreError};
use crate::domain::lists::{Line, List, Told};

/// So many commits are held for one answer, about; each takes some hundred bytes.
const HELD: usize = 50_000;
/// How many lists are read at a time.
const AT_ONCE: usize = 32;

impl Store {
    /// What a deployment brought, if that was told; the caller checks who may see the deployment.
    pub(crate) async fn commits(&self, id: i64) -> Result<Option<Told>, StoreError> {
        let rows = self.readers.whole().query(sql::LIST, values![id]).await?;
        Ok(self.filled(&rows).await?.pop().map(|list| list.told))
    }

    /// The newest lists of an app, of which the oldest are left out where all of them would be too many commits.
    pub(crate) async fn lists(&self, app: &str, limit: i64) -> Result<Vec<List>, StoreError> {
        let rows = self.readers.query(sql::LISTS, values![app, limit]).await?;
        let (mut lists, mut held) = (Vec::new(), 0_usize);
        for chunk in rows.chunks(AT_ONCE) {
            let some = self.filled(chunk).await?;
            let commits = some.iter().map(|list| list.told.commits.len());
            held = held.saturating_add(commits.sum());
            lists.extend(some);
            if held >= HELD {
                break;
            }
        }
        Ok(lists)
    }

    /// Enters what a deployment brought; says whether it did, or whether that was told before.
    pub(crate) async fn tell_commits(
        &self,
        (id, app): (i64, &str),
        head: &str,
        told: &Told,
        received_at: i64,
    ) -> Result<bool, StoreError> {
        let (list, commits) = rows((id, app), head, told, received_at);
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                match to.apply(sql::INSERT_LISTS, &list).await {
                    Err(StoreError::Taken) => return Ok(Verdict::TakeBack(false)),
                    done => done?,
                };
                to.write_rows(sql::INSERT_COMMITS, &commits).await?;
                Ok(Verdict::Keep(true))
            })
        });
        work.await
    }

    /// The lists of these rows with their commits.
    async fn filled(&self, rows: &[Record]) -> Result<Vec<List>, StoreError> {
        let ids = rows.iter().map(|row| Ok(values![row.int("versions_id")?].to_vec()));
        let ids = ids.collect::<Result<Vec<_>, StoreError>>()?;
        let mut commits: BTreeMap<i64, Vec<Line>> = BTreeMap::new();
        for row in self.readers.whole().query_rows(sql::COMMITS, &ids).await? {
            commits.entry(row.int("versions_id")?).or_default().push(line(&row)?);
        }
        let list = |row: &Record| {
            let told = Told {
                commits: commits.remove(&row.int("versions_id")?).unwrap_or_default(),
                commits_since: row.maybe_text("since")?,
                commits_truncated: row.int("truncated")? != 0,
            };
            Ok(List { head: row.text("head")?, told })
        };
        rows.iter().map(list).collect()
    }
}

/// Writes what came with new deployments, in their transaction.
pub(super) async fn insert(
    transaction: &mut Transaction,
    lists: Vec<(Vec<Value>, Vec<Vec<Value>>)>,
) -> Result<(), StoreError> {
    let (lists, commits): (Vec<_>, Vec<_>) = lists.into_iter().unzip();
    transaction.write_rows(sql::INSERT_LISTS, &lists).await?;
    transaction.write_rows(sql::INSERT_COMMITS, &commits.concat()).await
}

/// The row of a list, and those of its commits.
pub(super) fn rows(
    (id, app): (i64, &str),
    head: &str,
    told: &Told,
    received_at: i64,
) -> (Vec<Value>, Vec<Vec<Value>>) {
    let truncated = i64::from(told.commits_truncated);
    let list = values![id, app, head, &told.commits_since, truncated, received_at].to_vec();
    let commit = |(position, line): (i64, &Line)| {
        let Line { sha, parents, at, subject, breaking } = line;
        values![id, position, sha, parents.join(" "), *at, subject, i64::from(*breaking)].to_vec()
    };
    (list, (0..).zip(&told.commits).map(commit).collect())
}

fn line(row: &Record) -> Result<Line, StoreError> {
    Ok(Line {
        sha: row.text("sha")?,
        parents: row.text("parents")?.split_whitespace().map(str::to_owned).collect(),
        at: row.int("at")?,
        subject: row.text("subject")?,
        breaking: row.int("breaking")? != 0,
    })
}
