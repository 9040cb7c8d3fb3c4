//! Errors of API v2 as problem documents (RFC 9457).

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::observe::Cause;
use crate::registry::{Fault, RegistryError};
use crate::store::StoreError;
use crate::template::TemplateError;

/// The form of every problem document; some have further members with facts that a client can act on.
#[derive(JsonSchema)]
#[schemars(rename = "Problem")]
#[expect(dead_code, reason = "only its schema is of use")]
pub(super) struct Document {
    /// `/problems/` and what kind of problem it is, for good.
    r#type: String,
    title: String,
    status: u16,
    #[schemars(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The fields that cannot be taken.
    #[schemars(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

/// One problem document.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    members: Map<String, Value>,
    /// Seconds after which to try again.
    retry_after: Option<u32>,
    cause: Option<Cause>,
}

impl Problem {
    /// `slug` names the kind of problem for good; `title` says it in words.
    pub(super) fn new(status: StatusCode, slug: &str, title: &str) -> Self {
        let mut members = Map::new();
        members.insert("type".to_owned(), json!(format!("/problems/{slug}")));
        members.insert("title".to_owned(), json!(title));
        members.insert("status".to_owned(), json!(status.as_u16()));
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        Self { status, members, retry_after, cause: None }
    }

    /// Adds a member: `detail`, `errors`, or a fact that the client can act on.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }
}

impl Problem {
    /// Says after how many seconds to try again.
    pub(super) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

/// What stands in an address, unless its bytes are no text.
pub(super) fn readable<T>(named: Result<Path<T>, PathRejection>) -> Result<T, Problem> {
    named.map(|Path(named)| named).map_err(|refused| {
        Problem::new(StatusCode::BAD_REQUEST, "invalid-address", "the address cannot be read")
            .with("detail", refused.body_text())
    })
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        let cause = Cause::of(&error);
        let problem = match error {
            RegistryError::Faulty(faults) => faulty("invalid-report", "the report cannot be taken", &faults),
            RegistryError::FaultyHold(faults) => faulty("invalid-hold", "the hold cannot be taken", &faults),
            RegistryError::FaultyObservation(faults) => {
                faulty("invalid-observation", "the observation cannot be taken", &faults)
            }
            RegistryError::FaultyProbe(faults) => {
                faulty("invalid-probe", "the probe cannot be taken", &faults)
            }
            RegistryError::FaultyApp(faults) => faulty("invalid-app", "the app cannot be taken", &faults),
            RegistryError::FaultyEnvironment(faults) => {
                faulty("invalid-environment", "the environment cannot be taken", &faults)
            }
            RegistryError::FaultyWebhook(faults) => {
                faulty("invalid-webhook", "the webhook cannot be taken", &faults)
            }
            RegistryError::FaultyRelease(faults) => {
                faulty("invalid-release", "the release cannot be taken", &faults)
            }
            RegistryError::FaultyToken(faults) => {
                faulty("invalid-token", "the token cannot be made", &faults)
            }
            RegistryError::FaultyTrust(faults) => {
                faulty("invalid-trust", "the trust cannot be made", &faults)
            }
            RegistryError::Beyond(what) => Self::new(StatusCode::FORBIDDEN, "beyond-limits", what),
            RegistryError::FaultyIncident(faults) => {
                faulty("invalid-incident", "the incident cannot be taken", &faults)
            }
            RegistryError::Store(failure @ (StoreError::Wide | StoreError::Long)) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-report", "the report cannot be taken")
                    .with("detail", failure.to_string())
            }
            RegistryError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-reused",
                "the key belongs to another request",
            ),
            RegistryError::NoSuch(what) => Self::new(StatusCode::NOT_FOUND, "not-found", what),
            other => contradicted(other),
        };
        Self { cause: Some(cause), ..problem }
    }
}

/// What does not fit what is there.
fn contradicted(error: RegistryError) -> Problem {
    let conflict = |slug: &str, title: &str| Problem::new(StatusCode::CONFLICT, slug, title);
    match error {
        RegistryError::Conflict { state, id, reason } => {
            conflict("conflict", "the report contradicts what is recorded")
                .with("detail", reason)
                .with("id", id)
                .with("state", state.word())
        }
        RegistryError::HeldAlready(hold) => conflict("held-already", "it is held already")
            .with("detail", format!("since {}: {}", since(hold.created_at), hold.reason))
            .with("holds", json!([hold])),
        RegistryError::OtherRelease(there) => conflict("conflict", "the version is another commit")
            .with("detail", format!("{} of {} is {} here", there.version, there.app, there.sha))
            .with("release", json!(there)),
        RegistryError::Ambiguous(platforms) => conflict("ambiguous", "the name is on several platforms")
            .with("detail", "say which by `?platform=`")
            .with("choices", json!(platforms)),
        RegistryError::NoSide(name) => {
            let detail = format!(
                "`{name}` is no environment, version or commit here; a commit needs seven digits at least"
            );
            Problem::new(
                StatusCode::NOT_FOUND,
                "not-found",
                "there is no such environment, version or commit",
            )
            .with("detail", detail)
        }
        RegistryError::Changed => {
            Problem::new(StatusCode::PRECONDITION_FAILED, "changed", "it is not what you saw")
                .with("detail", "read it anew, and send its `ETag` as `If-Match`")
        }
        other => failed(&other),
    }
}

/// What is no fault of the client, or what a job cannot show.
fn failed(error: &RegistryError) -> Problem {
    match error {
        RegistryError::Contended
        | RegistryError::Store(StoreError::Unconfirmed(_) | StoreError::Busy(_) | StoreError::Stopped) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the write was not confirmed")
                .with("detail", "send the same request again")
        }
        RegistryError::Untrusted(why) => {
            Problem::new(StatusCode::UNAUTHORIZED, "untrusted", "the id token opens nothing")
                .with("detail", *why)
        }
        RegistryError::Issuer(_) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-keys", "the keys of the issuer cannot be had")
                .with("detail", "send it again later")
                .retry_after(10)
        }
        RegistryError::NoRandomness(_) => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the system failed")
        }
        _ => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the database failed"),
    }
}

impl Problem {
    /// An answer that cannot be written is a fault of ours.
    pub(super) fn unwritten(error: &dyn std::error::Error) -> Self {
        let problem =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the answer cannot be written");
        Self { cause: Some(Cause::of(error)), ..problem }
    }
}

impl From<TemplateError> for Problem {
    fn from(error: TemplateError) -> Self {
        Self::unwritten(&error)
    }
}

fn faulty(slug: &str, title: &str, faults: &[Fault]) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, slug, title).with("errors", json!(faults))
}

/// A time in milliseconds since 1970, for a reader.
fn since(at: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let text = Value::Object(self.members).to_string();
        let mut response = (self.status, text).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
