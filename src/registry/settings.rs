//! What people say of apps and environments. A change is made to what was seen, and to nothing else: another one that
//! came between is looked at first.

use super::holds::text;
use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError, TRIES};
use crate::domain::audit::Act;
use crate::domain::revision::Expected;
use crate::domain::settings::{App, AppSettings, Environment, EnvironmentSettings};
use crate::domain::tier::Tier;
use crate::domain::zone;
use crate::store::EnvironmentsWanted;

/// The least and the most time without a word, in seconds: a minute, and 30 days.
const TIMEOUTS: std::ops::RangeInclusive<i64> = 60..=2_592_000;
const POSITIONS: std::ops::RangeInclusive<i64> = 0..=10_000;

impl Registry {
    /// Every app after a name, by their names: what was ever deployed, and what something was said of.
    pub(crate) async fn apps(&self, after: &str, limit: i64) -> Result<Vec<App>, RegistryError> {
        Ok(self.store.apps(after, limit).await?)
    }

    /// One app.
    pub(crate) async fn app(&self, name: &str) -> Result<App, RegistryError> {
        self.store.app(name).await?.ok_or(RegistryError::NoSuch("there is no such app"))
    }

    /// Changes what is said of an app by a function of what was said, which gets nothing where there is no such app.
    pub(crate) async fn change_app<E: From<RegistryError>>(
        &self,
        name: &str,
        expected: &Expected,
        change: impl Fn(Option<&AppSettings>) -> Result<AppSettings, E>,
    ) -> Result<App, E> {
        self.must_own(Some(name), None, None)?;
        let now = self.world().now().as_millisecond();
        for _ in 0..TRIES {
            let there = self.store.app(name).await.map_err(RegistryError::from)?;
            let revision = there.as_ref().map(|app| app.revision);
            if !expected.fits(revision) {
                return Err(RegistryError::Changed.into());
            }
            let to = change(there.as_ref().map(|app| &app.settings))?;
            let faults = app_faults(name, &to);
            if !faults.is_empty() {
                return Err(RegistryError::FaultyApp(faults).into());
            }
            let since = there.as_ref().and_then(|app| app.archived_at).unwrap_or(now);
            let archived_at = to.archived.then_some(since);
            let before = there.filter(|app| app.revision > 0).map(|app| app.settings);
            let (revisions, trace) = (next(revision, now), self.trace(Act::AppSet, name));
            let done = self.store.set_app(name, (before, &to), archived_at, revisions, &trace).await;
            if done.map_err(RegistryError::from)? {
                return Ok(self.app(name).await?);
            }
        }
        Err(RegistryError::Contended.into())
    }

    /// Every environment, by their names and platforms.
    pub(crate) async fn environments(
        &self,
        wanted: &EnvironmentsWanted,
    ) -> Result<Vec<Environment>, RegistryError> {
        Ok(self.store.environments(wanted).await?)
    }

    /// One environment; its platform must be said where its name is on several.
    pub(crate) async fn environment(
        &self,
        name: &str,
        platform: Option<&str>,
    ) -> Result<Environment, RegistryError> {
        let found = self.found(name, platform).await?;
        found.ok_or(RegistryError::NoSuch("there is no such environment"))
    }

    async fn found(&self, name: &str, platform: Option<&str>) -> Result<Option<Environment>, RegistryError> {
        let wanted = EnvironmentsWanted {
            name: Some(name.to_owned()),
            platform: platform.map(str::to_owned),
            limit: 100,
            ..EnvironmentsWanted::default()
        };
        let mut found = self.store.environments(&wanted).await?;
        if found.len() > 1 {
            let choices = found.into_iter().map(|environment| environment.platform).collect();
            return Err(RegistryError::Ambiguous(choices));
        }
        Ok(found.pop())
    }

    /// Changes what is said of an environment, as `change_app` does. One that is not there yet has the platform that
    /// is said, or is called as its platform.
    pub(crate) async fn change_environment<E: From<RegistryError>>(
        &self,
        (name, platform): (&str, Option<&str>),
        expected: &Expected,
        change: impl Fn(Option<&EnvironmentSettings>) -> Result<EnvironmentSettings, E>,
    ) -> Result<Environment, E> {
        let now = self.world().now().as_millisecond();
        for _ in 0..TRIES {
            let there = self.found(name, platform).await?;
            let revision = there.as_ref().map(|environment| environment.revision);
            if !expected.fits(revision) {
                return Err(RegistryError::Changed.into());
            }
            let to = change(there.as_ref().map(|environment| &environment.settings))?;
            let before =
                there.as_ref().filter(|there| there.revision > 0).map(|there| there.settings.clone());
            let platform = there.map_or_else(|| platform.unwrap_or(name).to_owned(), |there| there.platform);
            self.must_own(None, Some(&platform), Some(name))?;
            let faults = environment_faults((name, &platform), &to);
            if !faults.is_empty() {
                return Err(RegistryError::FaultyEnvironment(faults).into());
            }
            let trace = self.trace(Act::EnvironmentSet, subject(&platform, name));
            let (place, revisions) = ((platform.as_str(), name), next(revision, now));
            let done = self.store.set_environment(place, (before, &to), revisions, &trace).await;
            if done.map_err(RegistryError::from)? {
                return Ok(self.environment(name, Some(&platform)).await?);
            }
        }
        Err(RegistryError::Contended.into())
    }

    /// Forgets what was said of an environment; where something was deployed it stays, as its names tell.
    pub(crate) async fn forget_environment(
        &self,
        name: &str,
        platform: Option<&str>,
        expected: &Expected,
    ) -> Result<(), RegistryError> {
        for _ in 0..TRIES {
            let there = self.environment(name, platform).await?;
            if !expected.fits(Some(there.revision)) {
                return Err(RegistryError::Changed);
            }
            self.must_own(None, Some(&there.platform), Some(name))?;
            let place = (there.platform.as_str(), name);
            let trace = self.trace(Act::EnvironmentRemoved, subject(&there.platform, name));
            let Environment { revision, settings, .. } = &there;
            if *revision == 0 || self.store.forget_environment(place, settings, *revision, &trace).await? {
                return Ok(());
            }
        }
        Err(RegistryError::Contended)
    }
}

impl Registry {
    /// Refuses to set what belongs to more than who asks may touch: an app wherever it runs, an environment whatever runs
    /// there.
    fn must_own(
        &self,
        app: Option<&str>,
        platform: Option<&str>,
        environment: Option<&str>,
    ) -> Result<(), RegistryError> {
        let Some(limits) = self.limits() else { return Ok(()) };
        if limits.covers_all(app, platform, environment) {
            return Ok(());
        }
        let is_seen = app.is_none_or(|app| limits.covers_app(app))
            && platform
                .zip(environment)
                .is_none_or(|(platform, name)| limits.covers_environment(platform, name));
        Err(if is_seen {
            RegistryError::Beyond("this reaches beyond the limits of this token")
        } else {
            RegistryError::NoSuch("there is no such place")
        })
    }
}

/// What the log of changes calls an environment.
fn subject(platform: &str, name: &str) -> String {
    format!("{platform} / {name}")
}

/// The revision that is there, and the one that follows: a time, so that a thing that was forgotten and is set again
/// does not come back to one that somebody saw.
fn next(revision: Option<u64>, now: i64) -> (u64, u64) {
    let revision = revision.unwrap_or(0);
    (revision, u64::try_from(now).unwrap_or(0).max(revision.saturating_add(1)))
}

fn fault(field: &str, detail: impl Into<String>) -> Fault {
    Fault { pointer: format!("/{field}"), detail: detail.into() }
}

fn app_faults(name: &str, to: &AppSettings) -> Vec<Fault> {
    let mut faults = Vec::new();
    text("name", Some(name), 1..=NAME, &mut faults);
    text("team", to.team.as_deref(), 1..=NAME, &mut faults);
    address("repo_url", to.repo_url.as_ref(), &mut faults);
    timeout(to.deploy_timeout, &mut faults);
    faults
}

fn environment_faults((name, platform): (&str, &str), to: &EnvironmentSettings) -> Vec<Fault> {
    let mut faults = Vec::new();
    text("name", Some(name), 1..=NAME, &mut faults);
    text("platform", Some(platform), 1..=NAME, &mut faults);
    address("url", to.url.as_ref(), &mut faults);
    timeout(to.deploy_timeout, &mut faults);
    if to.platform.as_ref().is_some_and(|told| told != platform) {
        faults.push(fault("platform", "must be the platform that the address names"));
    }
    if to.tier == Some(Tier::Other) {
        faults.push(fault("tier", format!("must be one of {}", Tier::WORDS.join(", "))));
    }
    if to.position.is_some_and(|position| !POSITIONS.contains(&position)) {
        faults.push(fault("position", format!("must be from {} to {}", POSITIONS.start(), POSITIONS.end())));
    }
    if to.zone.as_ref().is_some_and(|zone| zone::find(zone).is_none()) {
        faults.push(fault("zone", "must be a name of the IANA database, such as `Europe/Paris`"));
    }
    faults
}

fn address(field: &str, url: Option<&String>, faults: &mut Vec<Fault>) {
    text(field, url.map(String::as_str), 1..=TEXT, faults);
    let is_link = |url: &String| {
        url::Url::parse(url).is_ok_and(|url| {
            ["http", "https"].contains(&url.scheme()) && url.password().is_none() && url.username().is_empty()
        })
    };
    if !url.is_none_or(is_link) {
        faults.push(fault(
            field,
            "must be an address of http or https without user and password, since everyone may read it",
        ));
    }
}

fn timeout(seconds: Option<i64>, faults: &mut Vec<Fault>) {
    if seconds.is_some_and(|seconds| !TIMEOUTS.contains(&seconds)) {
        let detail = format!("must be from {} to {} seconds", TIMEOUTS.start(), TIMEOUTS.end());
        faults.push(fault("deploy_timeout", detail));
    }
}
