//! API v2: extract, call the registry, answer.

use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::question::Question;
use super::{App, body};
use crate::domain::deployment::{Report, State};
use crate::domain::observation::Stranger;
use crate::registry::{Cell, Kind, Reported};

/// `GET /api/v2/server`: how a client tells this server from the original one.
pub(super) async fn server() -> Json<Server> {
    Json(Server { service: "shipmark", version: env!("CARGO_PKG_VERSION"), api: ["v1", "v2"] })
}

/// What this server is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Server {
    service: &'static str,
    version: &'static str,
    api: [&'static str; 2],
}

/// What became of a report.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Receipt {
    id: i64,
    /// Where the attempt stands by this report.
    state: State,
    version: String,
}

/// `POST /api/v2/deployments`: a new attempt, or by its run key the next step of one.
pub(super) async fn report(app: App, request: Request) -> Result<Response, Problem> {
    let key = app.keys.take(request.headers())?;
    let report: Report = read(request, &REPORT).await?;
    Ok(answer(&app.registry.report(&report, key.text()).await?))
}

pub(super) fn answer(reported: &Reported) -> Response {
    let status = if reported.kind == Kind::New { StatusCode::CREATED } else { StatusCode::OK };
    let body = Receipt { id: reported.id, state: reported.state, version: reported.version.clone() };
    if reported.kind == Kind::Replayed { replayed(Json(body)) } else { (status, Json(body)).into_response() }
}

/// The answer to a request that came before: nothing was done for it.
pub(super) fn replayed(answer: impl IntoResponse) -> Response {
    ([("idempotent-replayed", "true")], answer).into_response()
}

/// What a body is meant to be, for the words of a refusal.
pub(super) struct Form {
    /// The slug of the problem.
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
}

const REPORT: Form = Form { slug: "invalid-report", title: "the report cannot be taken" };

/// The media type is required: a web page cannot send it to another origin without being asked first.
pub(super) async fn read<T: DeserializeOwned>(request: Request, form: &Form) -> Result<T, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let bare = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !bare.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "the body must be JSON")
            .with("detail", "send `Content-Type: application/json`"));
    }
    let bytes = body::read(request.into_body())
        .await
        .map_err(|refused| Problem::new(refused.status(), "body", refused.words()))?;
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        // serde would take a list for the fields in their order.
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).map_err(|error| malformed(&error))?;
        let errors = json!([{ "pointer": "", "detail": "must be an object" }]);
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, form.slug, form.title).with("errors", errors)
        );
    }
    let mut parser = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(&mut parser).map_err(|error| unread(&error, form))?;
    parser.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// What stands after a merge patch (RFC 7396) of one level, read as strictly as a body.
pub(super) fn merged<T: Serialize + DeserializeOwned>(
    there: &T,
    changes: &Map<String, Value>,
    form: &Form,
) -> Result<T, Problem> {
    let mut members = json!(there);
    if let Some(members) = members.as_object_mut() {
        members.extend(changes.clone());
    }
    serde_path_to_error::deserialize(members).map_err(|error| unread(&error, form))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed-json", "the body is not one JSON document")
        .with("detail", error.to_string())
}

/// Text that is no JSON is 400; JSON of another shape is 422 and names the field.
fn unread(error: &serde_path_to_error::Error<serde_json::Error>, form: &Form) -> Problem {
    let inner = error.inner();
    if !inner.is_data() {
        return malformed(inner);
    }
    let words = inner.to_string();
    let detail = words.split(" at line ").next().unwrap_or(&words);
    let path = error.path().to_string();
    // serde names a missing or unknown field in backticks and gives no path for a missing one.
    let named = detail.split('`').nth(1).filter(|_| detail.contains(" field `")).unwrap_or(&path);
    let pointer = if named == "." {
        String::new()
    } else {
        format!("/{}", named.replace(['.', '['], "/").replace(']', ""))
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, form.slug, form.title)
        .with("errors", json!([{ "pointer": pointer, "detail": detail }]))
}

/// `GET /api/v2/current`: what is where and what is seen there, of every app or of one.
pub(super) async fn current(app: App, question: Question) -> Result<Response, Problem> {
    let present = app.registry.present(question.get("app")).await?;
    // A buffer that grows by doubling would take three times the memory of a large answer.
    let size = present.cells.len().saturating_add(present.strangers.len()).saturating_mul(CELL);
    let mut text = Vec::with_capacity(size);
    let matrix = Matrix { items: present.cells, unrecorded: present.strangers };
    serde_json::to_writer(&mut text, &matrix).map_err(|error| Problem::unwritten(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// About as long as a cell is, in bytes.
const CELL: usize = 512;

/// What is where. It is written as it is, since the matrix of a thousand apps would be large as a tree of JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Matrix {
    items: Vec<Cell>,
    /// What was seen where nothing was ever recorded.
    unrecorded: Vec<Stranger>,
}
