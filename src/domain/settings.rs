//! What people say of apps and of environments, and what these are without a word: a registry fills itself, and nobody
//! has to set anything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tier::{Rank, Tier};

/// What may be said of an app, the body of `PUT /api/v2/apps/{app}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppSettings {
    pub team: Option<String>,
    pub repo_url: Option<String>,
    pub archived: bool,
    /// After how many seconds without a word a deployment counts as timed out.
    pub deploy_timeout: Option<i64>,
}

/// An app, as `GET /api/v2/apps` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct App {
    pub name: String,
    #[serde(flatten)]
    pub settings: AppSettings,
    /// Milliseconds since 1970 UTC; absent where it is not archived.
    pub archived_at: Option<i64>,
    /// When something last happened to it, in milliseconds since 1970 UTC; absent where nothing was deployed.
    pub last_change_at: Option<i64>,
    /// Rises with each change; 0 where nothing was ever said.
    #[serde(skip)]
    pub revision: u64,
}

impl App {
    /// The app as it stands: one that was deployed after it was archived is in use.
    pub fn of(
        name: String,
        settings: AppSettings,
        archived_at: Option<i64>,
        last_change_at: Option<i64>,
        revision: u64,
    ) -> Self {
        let archived_at = archived_at.filter(|at| last_change_at.is_none_or(|change| change <= *at));
        let settings = AppSettings { archived: archived_at.is_some(), ..settings };
        Self { name, settings, archived_at, last_change_at, revision }
    }
}

/// What may be said of an environment, the body of `PUT /api/v2/environments/{env}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentSettings {
    /// Which environment of the name is meant. It cannot be changed.
    pub platform: Option<String>,
    pub tier: Option<Tier>,
    /// Where its column stands on the board: the least first, and all that have one before the others.
    pub position: Option<i64>,
    pub url: Option<String>,
    /// By its name in the IANA database.
    pub zone: Option<String>,
    /// After how many seconds without a word a deployment counts as timed out, where its app says nothing.
    pub deploy_timeout: Option<i64>,
}

/// An environment, and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    pub platform: String,
    pub name: String,
    pub settings: EnvironmentSettings,
    /// When something last happened there, in milliseconds since 1970 UTC; absent where nothing was deployed.
    pub last_change_at: Option<i64>,
    /// Rises with each change; 0 where nothing was ever said.
    pub revision: u64,
}

impl Environment {
    /// What was said of its tier, else what its names tell.
    pub fn rank(&self) -> Rank {
        Rank::of(self.settings.tier, &self.platform, &self.name)
    }

    pub fn shown(&self) -> ShownEnvironment {
        let Self { platform, name, settings, last_change_at, .. } = self.clone();
        let Rank { tier, guessed } = self.rank();
        let EnvironmentSettings { position, url, zone, deploy_timeout, .. } = settings;
        let tier_guessed = guessed;
        ShownEnvironment {
            platform,
            name,
            tier,
            tier_guessed,
            position,
            url,
            zone,
            deploy_timeout,
            last_change_at,
        }
    }
}

/// An environment, as `GET /api/v2/environments` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Environment")]
pub struct ShownEnvironment {
    pub platform: String,
    pub name: String,
    tier: Tier,
    /// Whether the tier is only what the names tell.
    tier_guessed: bool,
    position: Option<i64>,
    url: Option<String>,
    zone: Option<String>,
    deploy_timeout: Option<i64>,
    last_change_at: Option<i64>,
}

/// Everything that was said.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub apps: Vec<App>,
    pub environments: Vec<Environment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_that_is_deployed_again_is_in_use() {
        let of = |archived_at, change| {
            let app = App::of("a".to_owned(), AppSettings::default(), archived_at, change, 1);
            (app.settings.archived, app.archived_at)
        };
        assert_eq!(of(None, Some(5)), (false, None));
        assert_eq!(of(Some(5), None), (true, Some(5)));
        assert_eq!(of(Some(5), Some(5)), (true, Some(5)));
        assert_eq!(of(Some(5), Some(6)), (false, None));
    }

    #[test]
    fn a_tier_is_guessed_until_somebody_says_it() {
        let mut environment = Environment {
            platform: "eu".to_owned(),
            name: "live".to_owned(),
            settings: EnvironmentSettings::default(),
            last_change_at: None,
            revision: 0,
        };
        let shown = |environment: &Environment| {
            let shown = serde_json::json!(environment.shown());
            (shown["tier"].clone(), shown["tier_guessed"].clone())
        };
        assert_eq!(shown(&environment), ("production".into(), true.into()));
        environment.settings.tier = Some(Tier::Staging);
        assert_eq!(shown(&environment), ("staging".into(), false.into()));
    }
}
