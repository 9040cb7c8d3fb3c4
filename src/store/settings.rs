//! Apps and environments, and what was said of them.

use serde::Serialize;

use super::audit::Trace;
use super::db::{Record, Transaction, Value, values};
use super::sql::settings as sql;
use super::writer::Verdict;
use super::{Store, StoreError};
use crate::domain::settings::{App, AppSettings, Environment, EnvironmentSettings, Settings};
use crate::domain::tier::Tier;

/// Which environments are wanted; what is absent filters nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnvironmentsWanted {
    pub(crate) name: Option<String>,
    pub(crate) platform: Option<String>,
    /// Only what comes after this name and platform.
    pub(crate) after: (String, String),
    pub(crate) limit: i64,
}

impl Store {
    /// The apps after a name, by their names.
    pub(crate) async fn apps(&self, after: &str, limit: i64) -> Result<Vec<App>, StoreError> {
        let values = values![after, None::<&str>, limit];
        self.readers.query(sql::APPS, values).await?.iter().map(app).collect()
    }

    /// One app.
    pub(crate) async fn app(&self, name: &str) -> Result<Option<App>, StoreError> {
        self.readers.one(sql::APPS, values!["", Some(name), 1]).await?.as_ref().map(app).transpose()
    }

    /// Sets what is said of an app that stood so at a revision and gets the next; says whether it still did.
    pub(crate) async fn set_app(
        &self,
        name: &str,
        (before, settings): (Option<AppSettings>, &AppSettings),
        archived_at: Option<i64>,
        (revision, next): (u64, u64),
        trace: &Trace,
    ) -> Result<bool, StoreError> {
        let AppSettings { team, repo_url, deploy_timeout, .. } = settings;
        let values = values![team, repo_url, archived_at, *deploy_timeout, name, number(next)].to_vec();
        let change = Change { before, after: settings.clone(), trace: trace.clone() };
        self.set((sql::INSERT_APP, sql::UPDATE_APP), values, revision, change).await
    }

    /// Environments, by their names and platforms.
    pub(crate) async fn environments(
        &self,
        wanted: &EnvironmentsWanted,
    ) -> Result<Vec<Environment>, StoreError> {
        let (name, platform) = &wanted.after;
        let values = values![name, platform, &wanted.name, &wanted.platform, wanted.limit];
        self.readers.query(sql::ENVIRONMENTS, values).await?.iter().map(environment).collect()
    }

    /// Sets what is said of an environment that stood so at a revision and gets the next; says whether it still did.
    pub(crate) async fn set_environment(
        &self,
        (platform, name): (&str, &str),
        (before, settings): (Option<EnvironmentSettings>, &EnvironmentSettings),
        (revision, next): (u64, u64),
        trace: &Trace,
    ) -> Result<bool, StoreError> {
        let EnvironmentSettings { tier, position, url, zone, deploy_timeout, .. } = settings;
        let (tier, next) = (tier.map(Tier::word), number(next));
        let values = values![tier, *position, url, zone, *deploy_timeout, platform, name, next].to_vec();
        let after = EnvironmentSettings { platform: Some(platform.to_owned()), ..settings.clone() };
        let change = Change { before, after, trace: trace.clone() };
        self.set((sql::INSERT_ENVIRONMENT, sql::UPDATE_ENVIRONMENT), values, revision, change).await
    }

    /// Forgets what was said of an environment that stood at a revision; says whether it still did.
    pub(crate) async fn forget_environment(
        &self,
        (platform, name): (&str, &str),
        before: &EnvironmentSettings,
        revision: u64,
        trace: &Trace,
    ) -> Result<bool, StoreError> {
        let values = values![platform, name, number(revision)].to_vec();
        let (before, trace) = (before.clone(), trace.clone());
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                if to.apply(sql::DELETE_ENVIRONMENT, &values).await? == 0 {
                    return Ok(Verdict::TakeBack(false));
                }
                trace.write(to, Some(&before), None).await?;
                Ok(Verdict::Keep(true))
            })
        });
        work.await
    }

    /// What was said of apps and environments, where something was.
    pub(crate) async fn settings(&self) -> Result<Settings, StoreError> {
        let apps = self.readers.query(sql::SET_APPS, values![]).await?;
        let environments = self.readers.query(sql::SET_ENVIRONMENTS, values![]).await?;
        Ok(Settings {
            apps: apps.iter().map(app).collect::<Result<_, _>>()?,
            environments: environments.iter().map(environment).collect::<Result<_, _>>()?,
        })
    }

    async fn set<T: Serialize + PartialEq + Send + Sync + 'static>(
        &self,
        (insert, update): (&'static str, &'static str),
        mut values: Vec<Value>,
        revision: u64,
        change: Change<T>,
    ) -> Result<bool, StoreError> {
        if revision > 0 {
            values.push(number(revision).into());
        }
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                let done = to.apply(if revision > 0 { update } else { insert }, &values).await;
                // Another said something between what was read and this.
                if matches!(done, Ok(0) | Err(StoreError::Taken)) {
                    return Ok(Verdict::TakeBack(false));
                }
                done?;
                let Change { before, after, trace } = change;
                if before.as_ref() != Some(&after) {
                    trace.write(to, before.as_ref(), Some(&after)).await?;
                }
                Ok(Verdict::Keep(true))
            })
        });
        work.await
    }
}

/// What is noted of a change. That it stood so before is known by its revision.
struct Change<T> {
    before: Option<T>,
    after: T,
    trace: Trace,
}

fn number(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

/// The revision, and when something last happened.
fn counts(row: &Record) -> Result<(u64, Option<i64>), StoreError> {
    let revision = row.maybe_int("revision")?.unwrap_or(0);
    let revision = u64::try_from(revision).map_err(|_| StoreError::Corrupt(revision.to_string()))?;
    Ok((revision, row.maybe_int("last_at")?.filter(|at| *at > 0)))
}

fn app(row: &Record) -> Result<App, StoreError> {
    let (revision, last_at) = counts(row)?;
    let settings = AppSettings {
        team: row.maybe_text("team")?,
        repo_url: row.maybe_text("repo_url")?,
        archived: false,
        deploy_timeout: row.maybe_int("deploy_timeout")?,
    };
    Ok(App::of(row.text("name")?, settings, row.maybe_int("archived_at")?, last_at, revision))
}

fn environment(row: &Record) -> Result<Environment, StoreError> {
    let (revision, last_change_at) = counts(row)?;
    let tier = row.maybe_text("tier")?;
    let tier = tier.map(|word| Tier::from_word(&word).ok_or(StoreError::Corrupt(word))).transpose()?;
    let platform = row.text("platform")?;
    Ok(Environment {
        platform: platform.clone(),
        name: row.text("name")?,
        settings: EnvironmentSettings {
            platform: Some(platform),
            tier,
            position: row.maybe_int("position")?,
            url: row.maybe_text("url")?,
            zone: row.maybe_text("zone")?,
            deploy_timeout: row.maybe_int("deploy_timeout")?,
        },
        last_change_at,
        revision,
    })
}
