//! Something that went wrong while a program ran.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a client tells of one: the body of `POST /api/v2/incidents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIncident {
    pub app: String,
    pub platform: String,
    pub environment: String,
    pub title: String,
    /// Milliseconds since 1970 UTC; absent: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<i64>,
    /// The deployment that caused it, if somebody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// One incident, as `GET /api/v2/incidents` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    pub id: String,
    pub app: String,
    pub platform: String,
    pub environment: String,
    pub title: String,
    /// Milliseconds since 1970 UTC.
    pub opened_at: i64,
    /// Milliseconds since 1970 UTC; absent while it is open.
    pub resolved_at: Option<i64>,
    pub cause: Option<i64>,
    pub actor: Option<String>,
}

/// What a client changes: the body of `PATCH /api/v2/incidents/{id}`. An absent field stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<i64>,
}
