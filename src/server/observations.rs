//! `/api/v2/observations`.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;

use super::App;
use super::list::{List, Page};
use super::problem::Problem;
use super::question::{Question, refused};
use super::v2::{Form, read};
use crate::domain::observation::{NewObservation, Sighted, Stranger};
use crate::domain::probing::Spot;
use crate::store::SightingsWanted;

const FORM: Form = Form { slug: "invalid-observation", title: "the observation cannot be taken" };

/// `POST /api/v2/observations`: 201 with what is now known. To say the same again is harmless, so no key is
/// needed.
pub(super) async fn observe(app: App, request: Request) -> Result<(StatusCode, Json<Stranger>), Problem> {
    let new: NewObservation = read(request, &FORM).await?;
    Ok((StatusCode::CREATED, Json(app.registry.observe(&new).await?)))
}

/// `GET /api/v2/observations?app=…&platform=…&environment=…`: what was seen there, newest first, each with the span in
/// which it was; `from` in milliseconds since 1970.
pub(super) async fn list(app: App, question: Question) -> Result<Json<List<Sighted>>, Problem> {
    question.only(&["app", "platform", "environment", "from", "cursor", "limit"])?;
    let page = Page::of(&question)?;
    let name = |name| question.get(name).map(str::to_owned).ok_or_else(|| refused(name, "must be there"));
    let from = question.get("from").map_or(Ok(0), str::parse);
    let before = question.get("cursor").map(|cursor| {
        let parts = cursor.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
        parts.ok_or_else(|| refused("cursor", "must be a `next` of this list"))
    });
    let wanted = SightingsWanted {
        spot: Spot { app: name("app")?, platform: name("platform")?, environment: name("environment")? },
        from: from.map_err(|_| refused("from", "must be in milliseconds since 1970"))?,
        before: before.transpose()?,
        limit: page.rows(),
    };
    let items = app.registry.sightings(&wanted).await?;
    Ok(Json(page.answer(items, |Sighted { id, seen }| format!("{}.{id}", seen.seen_at))))
}
