//! What should run on an environment: the newest release that it accepts, and how what is recorded stands to that.

use serde::Serialize;

use super::deployment::Current;
use super::hold::{Hold, HoldKind};
use super::plan::Tag;
use super::text;
use super::tier::Tier;

/// The release that an environment should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Intended {
    pub version: String,
    pub tag: String,
    pub sha: String,
    #[serde(flatten)]
    pub standing: Standing,
}

/// How what is recorded stands to it, counted in commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is recorded.
    Empty,
    InSync,
    Behind {
        behind: usize,
    },
    Ahead {
        ahead: usize,
    },
    Diverged {
        ahead: usize,
        behind: usize,
    },
    /// The recorded commit is not known here.
    Unknown,
}

/// Whether an environment of this tier takes a release: none takes what is held there, and production takes no
/// pre-release. A name that tells no tier may be anybody's production. `now` in milliseconds since 1970 UTC.
pub fn accepts(item: &Current, tier: Tier, release: &Tag, holds: &[Hold], now: i64) -> bool {
    let finished = release.version.pre.is_empty();
    let version = release.version.to_string();
    let held = |hold: &Hold| {
        hold.kind == HoldKind::Hold
            && hold.is_active(now)
            && hold.covers(&item.app, &item.platform, &item.environment)
            && hold.names(&version, Some(&release.commit))
    };
    (finished || !matches!(tier, Tier::Production | Tier::Other)) && !holds.iter().any(held)
}

impl Intended {
    /// The standing in a few words, where it is known.
    pub fn words(&self) -> Option<String> {
        let version = text::line(&self.version);
        match self.standing {
            Standing::Empty | Standing::Unknown => None,
            Standing::InSync => Some("in sync".to_owned()),
            Standing::Behind { behind } => Some(format!("{behind} behind {version}")),
            Standing::Ahead { ahead } => Some(format!("{ahead} ahead of {version}")),
            Standing::Diverged { ahead, behind } => {
                Some(format!("{ahead} ahead of {version}, {behind} behind"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::{Attempt, State};

    fn item() -> Current {
        let name = || "production".to_owned();
        let newest = Attempt {
            id: 1,
            version: "1.0.0".to_owned(),
            state: State::Succeeded,
            status: "deployed".to_owned(),
            sha: None,
            actor: None,
            started_at: 0,
            finished_at: Some(1),
        };
        Current {
            app: "helpdesk".to_owned(),
            workload: name(),
            platform: name(),
            environment: name(),
            recorded: None,
            newest,
        }
    }

    fn tag(version: &str) -> Tag {
        let commit = "764c119aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned();
        Tag { name: format!("v{version}"), version: version.parse().unwrap(), commit }
    }

    #[test]
    fn production_takes_no_pre_release_and_nobody_what_is_held_there() {
        let takes = |tier, version: &str, holds: &[Hold]| accepts(&item(), tier, &tag(version), holds, 0);
        for (tier, pre) in [
            (Tier::Production, false),
            (Tier::Other, false),
            (Tier::Staging, true),
            (Tier::Testing, true),
            (Tier::Development, true),
        ] {
            assert!(takes(tier, "1.2.0", &[]), "{tier:?}");
            assert_eq!(takes(tier, "1.2.0-rc.1", &[]), pre, "{tier:?}");
        }
        let hold = |version: &str, environment: Option<&str>| Hold {
            version: Some(version.to_owned()),
            environment: environment.map(str::to_owned),
            ..Hold::of(HoldKind::Hold)
        };
        for (hold, taken) in [
            (hold("1.2.0", None), false),
            (hold("1.2.0", Some("production")), false),
            (hold("1.2.0", Some("dev")), true),
            (hold("1.1.0", None), true),
            (Hold::of(HoldKind::Freeze), true),
        ] {
            let holds = [hold];
            assert_eq!(takes(Tier::Production, "1.2.0", &holds), taken, "{holds:?}");
        }
    }

    #[test]
    fn a_standing_is_said_in_few_words() {
        let words = |standing| {
            let (version, tag, sha) = ("1.2.0".to_owned(), "v1.2.0".to_owned(), String::new());
            Intended { version, tag, sha, standing }.words().unwrap_or_default()
        };
        assert_eq!(
            [
                Standing::Empty,
                Standing::Unknown,
                Standing::InSync,
                Standing::Behind { behind: 8 },
                Standing::Ahead { ahead: 1 },
                Standing::Diverged { ahead: 1, behind: 2 },
            ]
            .map(words),
            ["", "", "in sync", "8 behind 1.2.0", "1 ahead of 1.2.0", "1 ahead of 1.2.0, 2 behind"]
        );
    }
}
