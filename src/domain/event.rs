//! What happened to a deployment: one row of the log that is only ever added to.

use schemars::JsonSchema;
use serde::Serialize;

use super::deployment::State;

/// One event, as `GET /api/v2/deployments/{id}/events` gives it, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// Unique for ever.
    pub id: String,
    #[serde(skip)]
    pub deployment: i64,
    /// The client's step; absent for what the registry or a client of API v1 did.
    pub seq: Option<i64>,
    pub from: Option<State>,
    pub to: State,
    pub actor: Option<String>,
    /// Who told us: `v1`, `v2`, `timer`, or `registry` for what followed from another event.
    pub source: String,
    pub note: Option<String>,
    /// A change by API v1 that the rules of v2 do not allow.
    pub forced: bool,
    /// The client's clock was ahead of ours, so `at` is the time of receipt.
    pub clock_skew: bool,
    /// A real end after a time-out.
    pub late: bool,
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    /// Milliseconds since 1970 UTC.
    pub received_at: i64,
    /// The digest of the request, by which a repeated one is known.
    #[serde(skip)]
    pub request_hash: Option<String>,
}

impl Event {
    /// Everything that it says, for the chain; what is absent differs from what is empty.
    pub(crate) fn facts(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| format!("={text}"));
        let flag = |flag: bool| i64::from(flag).to_string();
        vec![
            self.id.clone(),
            self.deployment.to_string(),
            self.seq.map_or_else(String::new, |seq| seq.to_string()),
            self.from.map_or("", State::word).to_owned(),
            self.to.word().to_owned(),
            text(&self.actor),
            self.source.clone(),
            text(&self.note),
            flag(self.forced),
            flag(self.clock_skew),
            flag(self.late),
            self.at.to_string(),
            self.received_at.to_string(),
            text(&self.request_hash),
        ]
    }
}
