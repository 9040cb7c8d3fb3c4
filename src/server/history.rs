//! `GET /api/v2/deployments`: what was deployed, newest first, in pages.

use axum::Json;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::App;
use super::list::Page;
use super::problem::Problem;
use super::question::{Question, refused};
use crate::domain::deployment::{self, Kind};
use crate::store::Wanted;

/// What may stand in the question; another name would be a filter that does nothing.
const NAMES: [&str; 17] = [
    "app",
    "platform",
    "environment",
    "env",
    "team",
    "status",
    "version",
    "sha",
    "actor",
    "kind",
    "from",
    "to",
    "q",
    "fields",
    "limit",
    "cursor",
    "workload",
];

/// The members of an item.
pub(super) const FIELDS: [&str; 23] = [
    "id",
    "app",
    "workload",
    "platform",
    "environment",
    "version",
    "state",
    "status",
    "sha",
    "ref",
    "dirty",
    "actor",
    "run_url",
    "changelog_url",
    "duration",
    "started_at",
    "finished_at",
    "kind",
    "reason",
    "rollback_of",
    "group_id",
    "digest",
    "failed_in_use",
];

/// The answer: `items`, each with the `fields` that were asked for or with all, `limit`, and `next`.
pub(super) async fn list(app: App, question: Question) -> Result<Response, Problem> {
    question.only(&NAMES)?;
    let (page, fields) = (Page::of(&question)?, fields(&question)?);
    let wanted = wanted(&question, page)?;
    let items = app.registry.history(&wanted).await?;
    let answer = page.answer(items, |item| format!("{}.{}", item.started_at, item.id));
    let Some(fields) = fields else { return Ok(Json(answer).into_response()) };
    let mut answer = serde_json::json!(answer);
    for item in answer.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(members) = item.as_object_mut() {
            members.retain(|name, _| fields.contains(&name.as_str()));
        }
    }
    Ok(Json(answer).into_response())
}

/// What a question asks for that wants everything and no page of it: the filters and the members.
pub(super) fn filter(question: &Question) -> Result<(Wanted, Option<Vec<String>>), Problem> {
    let names: Vec<&str> = NAMES.into_iter().filter(|name| !["limit", "cursor"].contains(name)).collect();
    question.only(&names)?;
    let fields = fields(question)?;
    let fields = fields.map(|fields| fields.into_iter().map(str::to_owned).collect());
    Ok((wanted(question, Page::of(question)?)?, fields))
}

/// What a question asks for.
fn wanted(question: &Question, page: Page) -> Result<Wanted, Problem> {
    let text = |name| question.get(name).map(str::to_owned);
    let before = question
        .get("cursor")
        .map(|cursor| parse(cursor).ok_or_else(|| refused("cursor", "must be a `next` of this list")));
    let kind = question.get("kind").map(|word| {
        Kind::from_word(word).ok_or_else(|| refused("kind", "must be one of rollback, hotfix, redeploy"))
    });
    Ok(Wanted {
        app: text("app"),
        platform: text("platform"),
        environment: text("environment").or_else(|| text("env")),
        team: text("team").or_else(|| text("workload")),
        state: state(question)?,
        version: text("version"),
        sha: text("sha"),
        actor: text("actor"),
        kind: kind.transpose()?,
        from: time(question, "from")?,
        to: time(question, "to")?,
        text: text("q"),
        before: before.transpose()?,
        limit: page.rows(),
    })
}

/// The state that is asked for, by its word or by one that clients report.
pub(super) fn state(question: &Question) -> Result<Option<deployment::State>, Problem> {
    let Some(word) = question.get("status") else { return Ok(None) };
    let state = deployment::State::from_word(word).or_else(|| deployment::State::from_report(word));
    let why = "must be a state of API v2 or a word that clients report";
    state.map(Some).ok_or_else(|| refused("status", why))
}

/// A time: milliseconds since 1970, RFC 3339, or a day, which begins at midnight in UTC.
fn time(question: &Question, name: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = question.get(name) else { return Ok(None) };
    let milliseconds = text.parse().ok();
    let instant = || text.parse::<Timestamp>().ok();
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let time = milliseconds.or_else(|| instant().or_else(day).map(Timestamp::as_millisecond));
    let why = "must be a time such as 2026-01-31T12:00:00Z, a day, or milliseconds since 1970";
    time.map(Some).ok_or_else(|| refused(name, why))
}

fn fields(question: &Question) -> Result<Option<Vec<&str>>, Problem> {
    let Some(list) = question.get("fields") else { return Ok(None) };
    let fields: Vec<&str> = list.split(',').collect();
    match fields.iter().find(|field| !FIELDS.contains(field)) {
        Some(_) => Err(refused("fields", &format!("must be some of {}", FIELDS.join(",")))),
        None => Ok(Some(fields)),
    }
}

fn parse(cursor: &str) -> Option<(i64, i64)> {
    let (started, id) = cursor.split_once('.')?;
    Some((started.parse().ok()?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::past::Past;

    #[test]
    fn every_member_can_be_asked_for() {
        let item = serde_json::json!(Past::of(1, "1", deployment::State::Succeeded));
        let names: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, FIELDS);
    }
}
