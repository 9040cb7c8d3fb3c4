//! `GET /feed.atom`, `/feed/{app}.atom` and `/feed/{app}/{environment}.atom`: the newest deployments, for a feed reader
//! (RFC 4287).

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::App;
use super::problem::{Problem, readable};
use crate::domain::past::Past;
use crate::domain::{span, text};
use crate::store::Wanted;

/// How many entries a feed has.
const NEWEST: i64 = 50;

#[derive(Debug, Serialize)]
struct Feed {
    id: String,
    title: String,
    /// Where the feed is read.
    address: String,
    updated: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: String,
    title: String,
    updated: String,
    author: String,
    /// The run or else the changelog, where one is a link.
    link: Option<String>,
    summary: String,
}

pub(super) async fn all(app: App, headers: HeaderMap) -> Result<Response, Problem> {
    feed(&app, &headers, None, None).await
}

pub(super) async fn of_app(
    app: App,
    named: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = readable(named)?;
    feed(&app, &headers, Some(name(&file)?), None).await
}

pub(super) async fn of_environment(
    app: App,
    named: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (of, file) = readable(named)?;
    feed(&app, &headers, Some(&of), Some(name(&file)?)).await
}

fn name(file: &str) -> Result<&str, Problem> {
    let missing = || {
        Problem::new(StatusCode::NOT_FOUND, "no-such-feed", "there is no such feed")
            .with("detail", "the address of a feed ends with `.atom`")
    };
    file.strip_suffix(".atom").ok_or_else(missing)
}

async fn feed(
    app: &App,
    headers: &HeaderMap,
    of: Option<&str>,
    environment: Option<&str>,
) -> Result<Response, Problem> {
    let wanted = Wanted {
        app: of.map(str::to_owned),
        environment: environment.map(str::to_owned),
        limit: NEWEST,
        ..Wanted::default()
    };
    let items = app.registry.history(&wanted).await?;
    let host =
        headers.get(header::HOST).and_then(|host| HeaderValue::to_str(host).ok()).unwrap_or("localhost");
    let names: Vec<&str> = [of, environment].into_iter().flatten().collect();
    let feed = Feed {
        id: std::iter::once("urn:shipmark:feed").chain(names.iter().copied()).collect::<Vec<_>>().join(":"),
        title: if names.is_empty() {
            "deployments".to_owned()
        } else {
            format!("deployments of {}", names.join(" in "))
        },
        address: format!("http://{host}/"),
        updated: moment(
            items.iter().map(changed).max().unwrap_or_else(|| app.registry.world().now().as_millisecond()),
        ),
        entries: items.iter().map(entry).collect(),
    };
    let text = app.templates.render("feed", &clean(feed))?;
    let kind =
        [(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((kind, text).into_response())
}

fn entry(past: &Past) -> Entry {
    let Past { id, app, version, environment, .. } = past;
    let links = [past.run_url.as_ref(), past.changelog_url.as_ref()];
    let link =
        links.into_iter().flatten().find(|link| link.starts_with("https://") || link.starts_with("http://"));
    let mut summary = vec![format!("{} since {}", past.status, moment(past.started_at))];
    summary.extend(past.duration.map(|duration| format!("took {}", span::age(duration))));
    summary.extend(past.sha.as_ref().map(|sha| format!("commit {}", text::short(sha))));
    summary.extend(past.reason.clone());
    Entry {
        id: format!("urn:shipmark:deployment:{id}"),
        title: format!("{app} {version} {} in {environment}", past.state.word().replace('_', " ")),
        updated: moment(changed(past)),
        author: past.actor.clone().unwrap_or_else(|| past.workload.clone()),
        link: link.cloned(),
        summary: summary.join(", "),
    }
}

/// When a deployment last changed, in milliseconds since 1970 UTC.
fn changed(past: &Past) -> i64 {
    past.finished_at.unwrap_or(past.started_at)
}

/// RFC 3339 in UTC.
fn moment(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// XML cannot hold most control characters in any way, so they are shown as on a page.
fn clean(feed: Feed) -> Feed {
    let entries = feed.entries.into_iter().map(|entry| Entry {
        title: text::page(&entry.title),
        author: text::page(&entry.author),
        link: entry.link.map(|link| text::page(&link)),
        summary: text::page(&entry.summary),
        ..entry
    });
    Feed {
        id: text::page(&feed.id),
        title: text::page(&feed.title),
        address: text::page(&feed.address),
        entries: entries.collect(),
        ..feed
    }
}
