//! The log of what people and programs changed: who, what, and how it was before and after.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Act {
    #[serde(rename = "token.made")]
    TokenMade,
    #[serde(rename = "token.revoked")]
    TokenRevoked,
    #[serde(rename = "trust.made")]
    TrustMade,
    #[serde(rename = "trust.removed")]
    TrustRemoved,
    #[serde(rename = "hold.set")]
    HoldSet,
    #[serde(rename = "hold.lifted")]
    HoldLifted,
    #[serde(rename = "probe.set")]
    ProbeSet,
    #[serde(rename = "probe.removed")]
    ProbeRemoved,
    #[serde(rename = "incident.opened")]
    IncidentOpened,
    #[serde(rename = "incident.changed")]
    IncidentChanged,
    #[serde(rename = "deployment.corrected")]
    DeploymentCorrected,
    #[serde(rename = "webhook.made")]
    WebhookMade,
    #[serde(rename = "webhook.changed")]
    WebhookChanged,
    #[serde(rename = "webhook.removed")]
    WebhookRemoved,
    #[serde(rename = "app.set")]
    AppSet,
    #[serde(rename = "environment.set")]
    EnvironmentSet,
    #[serde(rename = "environment.removed")]
    EnvironmentRemoved,
}

impl Act {
    pub(crate) const ALL: [Self; 17] = [
        Self::TokenMade,
        Self::TokenRevoked,
        Self::TrustMade,
        Self::TrustRemoved,
        Self::HoldSet,
        Self::HoldLifted,
        Self::ProbeSet,
        Self::ProbeRemoved,
        Self::IncidentOpened,
        Self::IncidentChanged,
        Self::DeploymentCorrected,
        Self::WebhookMade,
        Self::WebhookChanged,
        Self::WebhookRemoved,
        Self::AppSet,
        Self::EnvironmentSet,
        Self::EnvironmentRemoved,
    ];

    /// The word of the API, as the database keeps it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::TokenMade => "token.made",
            Self::TokenRevoked => "token.revoked",
            Self::TrustMade => "trust.made",
            Self::TrustRemoved => "trust.removed",
            Self::HoldSet => "hold.set",
            Self::HoldLifted => "hold.lifted",
            Self::ProbeSet => "probe.set",
            Self::ProbeRemoved => "probe.removed",
            Self::IncidentOpened => "incident.opened",
            Self::IncidentChanged => "incident.changed",
            Self::DeploymentCorrected => "deployment.corrected",
            Self::WebhookMade => "webhook.made",
            Self::WebhookChanged => "webhook.changed",
            Self::WebhookRemoved => "webhook.removed",
            Self::AppSet => "app.set",
            Self::EnvironmentSet => "environment.set",
            Self::EnvironmentRemoved => "environment.removed",
        }
    }

    /// Reads that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The id of the token.
    pub token: Option<String>,
    /// The name of the token, `anonymous`, `github` for a job that shows an id token, or `command` for the command
    /// on the machine of the registry.
    pub name: String,
    /// The id of the request.
    pub request_id: Option<String>,
}

impl Who {
    /// Who has the database in his hands.
    pub(crate) fn command() -> Self {
        Self { token: None, name: "command".to_owned(), request_id: None }
    }
}

/// One entry, as `GET /api/v2/audit` gives it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Audited {
    pub id: String,
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    /// The id of the token of who did it, if he had one.
    pub token: Option<String>,
    /// The name of that token, `anonymous`, `github` for a job that shows an id token, or `command` for the command
    /// on the machine of the registry.
    pub name: String,
    pub action: Act,
    /// What was changed: its id, or its names.
    pub subject: String,
    /// How it was; absent if it was not.
    pub before: Option<Value>,
    /// How it is since; absent if it is no more.
    pub after: Option<Value>,
    /// `X-Request-Id` of the answer.
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_the_database_is_that_of_the_api() {
        for act in Act::ALL {
            assert_eq!(serde_json::to_value(act).unwrap(), act.word());
            assert_eq!(Act::from_word(act.word()), Some(act));
        }
    }
}
