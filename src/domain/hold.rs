//! What stands in the way of deployments: a held version, a locked or a frozen environment. None of them ever
//! refuses a record, since a record is a fact; only the question "may I deploy?" is answered with no.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deployment::Current;
use super::health::{same_commit, same_version};
use super::weekly::Weekly;
use super::{text, zone};

/// What is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// One version of an app.
    Hold,
    /// Everything of an app on an environment but its owner's own.
    Lock,
    /// Everything on an environment.
    Freeze,
}

impl HoldKind {
    /// The word of API v2, as the database keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Lock => "lock",
            Self::Freeze => "freeze",
        }
    }

    /// Reads that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Hold, Self::Lock, Self::Freeze].into_iter().find(|kind| kind.word() == word)
    }
}

/// What a client asks to be held: the body of `POST /api/v2/holds`. An absent name means every one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    pub kind: HoldKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The version that is held, for the kind `hold` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its commit, so that the same commit under another version is held too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// The branch or tag that a lock lets through, for the kind `lock` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<String>,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// When it ends by itself, in milliseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// When it holds in every week, for the kind `freeze` only; absent: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<Weekly>,
}

/// What is held, as `GET /api/v2/holds` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    pub id: String,
    pub kind: HoldKind,
    pub app: Option<String>,
    pub platform: Option<String>,
    pub environment: Option<String>,
    pub version: Option<String>,
    pub sha: Option<String>,
    pub r#ref: Option<String>,
    pub reason: String,
    pub actor: Option<String>,
    /// Milliseconds since 1970 UTC.
    pub created_at: i64,
    /// Milliseconds since 1970 UTC; absent if only a person ends it.
    pub until: Option<i64>,
    /// When it holds in every week; absent: at any time.
    #[serde(default)]
    pub weekly: Option<Weekly>,
    /// Milliseconds since 1970 UTC; absent while nobody lifted it.
    pub lifted_at: Option<i64>,
    pub lifted_by: Option<String>,
    pub lift_reason: Option<String>,
}

impl Hold {
    /// One that names nothing and never ends, for tests.
    #[cfg(test)]
    pub(crate) fn of(kind: HoldKind) -> Self {
        Self {
            id: "h1".to_owned(),
            kind,
            app: None,
            platform: None,
            environment: None,
            version: None,
            sha: None,
            r#ref: None,
            reason: "broken\u{1b}".to_owned(),
            actor: Some("ben".to_owned()),
            created_at: 0,
            until: None,
            weekly: None,
            lifted_at: None,
            lifted_by: None,
            lift_reason: None,
        }
    }

    /// Whether it holds at a time, in milliseconds since 1970 UTC.
    pub fn is_active(&self, now: i64) -> bool {
        let at = Timestamp::from_millisecond(now).unwrap_or_default();
        self.stands(now) && self.weekly.as_ref().is_none_or(|weekly| weekly.is_inside(at))
    }

    /// Whether nobody lifted it and it has not ended, though it may not hold at every hour. It ends at `until`,
    /// not after it.
    pub fn stands(&self, now: i64) -> bool {
        self.lifted_at.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Whether it is this that is held. The commit decides where both are known: a new tag on it mends nothing
    /// (argo-cd#9570), and a mend that was deployed without a new version is another commit. Else the version does.
    pub fn names(&self, version: &str, sha: Option<&str>) -> bool {
        let commits = self.sha.as_deref().zip(sha).and_then(|(own, sha)| same_commit(own, sha));
        commits.unwrap_or_else(|| self.version.as_deref().is_some_and(|own| same_version(own, version)))
    }

    /// Whether it speaks of this place, and of what is recorded there if it speaks of a version.
    pub fn binds(&self, cell: &Current) -> bool {
        let live = cell.recorded.as_ref();
        self.covers(&cell.app, &cell.platform, &cell.environment)
            && (self.kind != HoldKind::Hold
                || live.is_some_and(|live| self.names(&live.version, live.sha.as_deref())))
    }

    /// Whether it marks a version as bad: then it holds it on every environment.
    pub fn is_mark(&self) -> bool {
        self.kind == HoldKind::Hold && self.environment.is_none() && self.platform.is_none()
    }

    /// `helpdesk 1.1.0 is held on production by maya: kpi page answers 500`
    pub fn sentence(&self) -> String {
        let name = |name: &Option<String>| name.as_deref().map(text::line);
        let place = match (name(&self.environment), name(&self.platform)) {
            (None, None) => "everywhere".to_owned(),
            (None, Some(platform)) => format!("on every environment of {platform}"),
            (Some(environment), Some(platform)) if platform != environment => {
                format!("on {environment}/{platform}")
            }
            (Some(environment), _) => format!("on {environment}"),
        };
        let app = name(&self.app).unwrap_or_else(|| "every app".to_owned());
        let version = name(&self.version).map(|version| format!(" {version}")).unwrap_or_default();
        format!("{app}{version} is {} {place}{}", self.done(), self.because(None))
    }

    /// What became of it, in a word.
    pub fn done(&self) -> &'static str {
        match self.kind {
            HoldKind::Hold if self.is_mark() => "marked bad",
            HoldKind::Hold => "held",
            HoldKind::Lock => "locked",
            HoldKind::Freeze => "frozen",
        }
    }

    /// ` for main by maya until 2025-10-10 16:00:00 UTC: kpi page answers 500`; times by the clocks of a zone, if
    /// one is named.
    pub fn because(&self, zone: Option<&str>) -> String {
        let mut words = String::new();
        if let Some(own) = &self.r#ref {
            words = format!(" for {}", text::line(own));
        }
        if let Some(actor) = &self.actor {
            words = format!("{words} by {}", text::line(actor));
        }
        if let Some(until) = self.until.and_then(|until| Timestamp::from_millisecond(until).ok()) {
            words = format!("{words} until {}", zone::shown(until, zone));
        }
        if let Some(weekly) = &self.weekly {
            words = format!("{words} every week {weekly}");
        }
        format!("{words}: {}", text::line(&self.reason))
    }

    /// Whether it speaks of this place; what it does not name is every one.
    pub fn covers(&self, app: &str, platform: &str, environment: &str) -> bool {
        let names = |own: &Option<String>, name: &str| own.as_deref().is_none_or(|own| own == name);
        names(&self.app, app) && names(&self.platform, platform) && names(&self.environment, environment)
    }
}
