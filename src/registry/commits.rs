//! What deployments brought, and how two commits of an app stand to each other by that.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::report::{Fault, text};
use super::{Registry, RegistryError};
use crate::domain::lists::{Line, List, MOST, Standing, Told, compare};
use crate::domain::message::Message;
use crate::store::{StoreError, Wanted};

/// The most lists that one comparison reads.
const LISTS: i64 = 1_000;
/// The most parents of a commit; git knows no bound, and nobody merges so many.
const PARENTS: usize = 64;
/// The most commits that are named as missing.
const NAMED: usize = 10;
/// The most commits of one side of a comparison that are listed.
const LISTED: usize = 1_000;
/// Each comparison holds the lists of an app in memory, so only two are made at a time.
static COMPARING: Semaphore = Semaphore::const_new(2);

/// What one side of a comparison is.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct Point {
    /// As it was asked for.
    name: String,
    /// The environment that it is what runs on.
    platform: Option<String>,
    environment: Option<String>,
    version: Option<String>,
    /// The whole id of its commit, where it is known.
    sha: Option<String>,
    /// Why it is not known.
    #[serde(skip)]
    why: Option<String>,
}

/// One commit between.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ComparedCommit")]
pub(crate) struct Shown {
    sha: String,
    /// When it was committed, in milliseconds since 1970 UTC.
    at: i64,
    subject: String,
    /// By Conventional Commits; absent where the subject is none.
    r#type: Option<String>,
    scope: Option<String>,
    breaking: bool,
}

/// What keeps the answer from being known.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Missing {
    commit: Option<String>,
    detail: String,
}

/// How `b` stands to `a`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Comparison")]
pub(crate) struct Compared {
    app: String,
    a: Point,
    b: Point,
    verdict: Standing,
    /// What `b` has and `a` lacks, newest first.
    ahead: Vec<Shown>,
    /// What `a` has and `b` lacks, newest first.
    behind: Vec<Shown>,
    /// Whether a side has more commits than are listed here.
    truncated: bool,
    /// Why it is unknown.
    missing: Vec<Missing>,
}

impl Registry {
    /// What a deployment brought.
    pub(crate) async fn commits(&self, id: i64) -> Result<Told, RegistryError> {
        self.deployment(id).await?;
        let told = self.store.commits(id).await?;
        told.ok_or(RegistryError::NoSuch("nobody told the commits of this deployment"))
    }

    /// Takes what a deployment brought, once; says whether it is new.
    pub(crate) async fn tell_commits(&self, id: i64, told: &Told) -> Result<bool, RegistryError> {
        let past = self.deployment(id).await?;
        let mut faults = Vec::new();
        let head = past.sha.as_deref();
        told_faults(head, told, &mut faults);
        let Some(head) = head.filter(|_| faults.is_empty()) else {
            return Err(RegistryError::Faulty(faults));
        };
        let now = self.world().now().as_millisecond();
        if self.store.tell_commits((id, &past.app), head, told, now).await? {
            return Ok(true);
        }
        if self.commits(id).await? == *told {
            return Ok(false);
        }
        let reason = format!("deployment {id} has its list of commits already, which stands");
        Err(RegistryError::Conflict { state: past.state, id, reason })
    }

    /// How `b` stands to `a`. Each is an environment, a version or a commit of the app, in this order.
    pub(crate) async fn compare(
        &self,
        app: &str,
        (a, b): (&str, &str),
        platform: Option<&str>,
    ) -> Result<Compared, RegistryError> {
        let place = COMPARING.acquire().await;
        let lists = self.store.lists(app, LISTS).await?;
        let a = self.point(app, a, platform, &lists).await?;
        let b = self.point(app, b, platform, &lists).await?;
        let compared = Compared {
            app: app.to_owned(),
            verdict: Standing::Unknown,
            ahead: Vec::new(),
            behind: Vec::new(),
            truncated: false,
            missing: [&a, &b].into_iter().filter_map(nameless).collect(),
            a,
            b,
        };
        let work = move || {
            // A client that goes away ends no work that has begun, so the work has the place.
            let _place = place;
            decide(&lists, compared)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| RegistryError::Store(StoreError::Stopped))
    }

    async fn point(
        &self,
        app: &str,
        name: &str,
        platform: Option<&str>,
        lists: &[List],
    ) -> Result<Point, RegistryError> {
        let none = || Point { name: name.to_owned(), ..Point::default() };
        let cells = self.store.matrix(Some(app)).await?.into_iter().map(|(cell, _)| cell);
        let wanted = |on: &str| platform.is_none_or(|platform| platform == on);
        let mut cells: Vec<_> =
            cells.filter(|cell| cell.environment == name && wanted(&cell.platform)).collect();
        if cells.len() > 1 {
            return Err(RegistryError::Ambiguous(cells.into_iter().map(|cell| cell.platform).collect()));
        }
        if let Some(cell) = cells.pop() {
            let live = cell.recorded.ok_or(RegistryError::NoSuch("nothing ever succeeded there"))?;
            let sha = match live.sha.filter(|sha| is_whole(sha)) {
                Some(sha) => Some(sha),
                None => self.store.release(app, &live.version).await?.map(|release| release.sha),
            };
            let (platform, environment) = (Some(cell.platform), Some(cell.environment));
            return Ok(Point { platform, environment, version: Some(live.version), sha, ..none() });
        }
        if let Some(release) = self.store.release(app, name).await? {
            return Ok(Point { version: Some(release.version), sha: Some(release.sha), ..none() });
        }
        let wanted = Wanted { app: Some(app.to_owned()), limit: 100, ..Wanted::default() };
        let of_version = Wanted { version: Some(name.to_owned()), ..wanted.clone() };
        let rows = self.store.history(&of_version).await?;
        if !rows.is_empty() {
            let all: BTreeSet<String> =
                rows.into_iter().filter_map(|row| row.sha).filter(|sha| is_whole(sha)).collect();
            let all = Vec::from_iter(all);
            let point = Point { version: Some(name.to_owned()), ..none() };
            return Ok(match all.as_slice() {
                [] => point,
                [one] => Point { sha: Some(one.clone()), ..point },
                [one, other, ..] => {
                    let why = format!(
                        "{name} was deployed from several commits, such as {one} and {other}; name the commit"
                    );
                    Point { why: Some(why), ..point }
                }
            });
        }
        let sha = self.commit(name, Wanted { sha: Some(name.to_ascii_lowercase()), ..wanted }, lists).await?;
        Ok(Point { sha: Some(sha), ..none() })
    }

    /// The commit that somebody names by at least seven digits.
    async fn commit(&self, name: &str, wanted: Wanted, lists: &[List]) -> Result<String, RegistryError> {
        let none = || RegistryError::NoSide(name.to_owned());
        // Git takes capitals too.
        let digits = name.to_ascii_lowercase();
        if is_whole(&digits) {
            return Ok(digits);
        }
        if digits.len() < 7 || !is_hex(&digits) {
            return Err(none());
        }
        let deployed = self.store.history(&wanted).await?.into_iter().filter_map(|row| row.sha);
        let told = lists.iter().flat_map(|list| &list.told.commits).map(|line| line.sha.clone());
        let mut found: Vec<String> =
            deployed.chain(told).filter(|sha| is_whole(sha) && sha.starts_with(&digits)).collect();
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [] => Err(none()),
            [one] => Ok(one.clone()),
            _ => Err(RegistryError::NoSuch("several commits begin so; say more digits")),
        }
    }
}

/// The answer for two points, which has what is known of them.
fn decide(lists: &[List], known: Compared) -> Compared {
    let (Some(from), Some(to)) = (&known.a.sha, &known.b.sha) else { return known };
    let found = compare(lists, from, to);
    let listed = |lines: &[&Line]| lines.iter().take(LISTED).copied().map(shown).collect();
    let missing = found.missing.into_iter().take(NAMED).map(|commit| Missing {
        detail: format!("no deployment tells the commits before {commit}"),
        commit: Some(commit),
    });
    Compared {
        verdict: found.standing,
        ahead: listed(&found.ahead),
        behind: listed(&found.behind),
        truncated: found.ahead.len().max(found.behind.len()) > LISTED,
        missing: missing.collect(),
        ..known
    }
}

fn nameless(point: &Point) -> Option<Missing> {
    let plain = || format!("nobody said which commit {} is", point.version.as_ref().unwrap_or(&point.name));
    let detail = || point.why.clone().unwrap_or_else(plain);
    point.sha.is_none().then(|| Missing { commit: None, detail: detail() })
}

fn shown(line: &Line) -> Shown {
    let message = Message::parse(&line.subject);
    let change = message.change();
    Shown {
        sha: line.sha.clone(),
        at: line.at,
        subject: line.subject.clone(),
        r#type: change.map(|change| change.r#type.clone()),
        scope: change.and_then(|change| change.scope.clone()),
        breaking: line.breaking || !message.breaking.is_empty(),
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether it is the whole id of a commit, of SHA-1 or SHA-256.
fn is_whole(sha: &str) -> bool {
    matches!(sha.len(), 40 | 64) && is_hex(sha)
}

/// What is wrong with a list, which is of the commit `head`.
pub(super) fn told_faults(head: Option<&str>, told: &Told, faults: &mut Vec<Fault>) {
    let mut fault = |pointer: &str, detail: &str| {
        faults.push(Fault { pointer: pointer.to_owned(), detail: detail.to_owned() });
    };
    let whole = "must be the whole id of a commit, in small letters";
    if !head.is_some_and(is_whole) {
        fault("/sha", "must be the whole id of a commit where its commits are told");
    }
    if told.commits_since.as_deref().is_some_and(|since| !is_whole(since)) {
        fault("/commits_since", whole);
    }
    if told.commits.len() > MOST {
        fault("/commits", &format!("must be at most {MOST}; say `commits_truncated` where there are more"));
    }
    if told.commits.first().is_some_and(|first| Some(first.sha.as_str()) != head) {
        fault("/commits/0/sha", "must be the commit of the deployment");
    }
    for (at, line) in told.commits.iter().enumerate().take(MOST) {
        if !is_whole(&line.sha) {
            fault(&format!("/commits/{at}/sha"), whole);
        }
        if line.parents.len() > PARENTS || !line.parents.iter().all(|parent| is_whole(parent)) {
            fault(&format!("/commits/{at}/parents"), whole);
        }
        if line.at < 0 || jiff::Timestamp::from_millisecond(line.at).is_err() {
            fault(&format!("/commits/{at}/at"), "must be in milliseconds since 1970");
        }
    }
    for (at, line) in told.commits.iter().enumerate().take(MOST) {
        text(&format!("commits/{at}/subject"), &line.subject, faults);
    }
}
