//! `/api/v2/observations`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::App;
use super::problem::Problem;
use super::v2::{Form, read};
use crate::domain::observation::{NewObservation, Stranger};

const FORM: Form = Form { slug: "invalid-observation", title: "the observation cannot be taken" };

/// `POST /api/v2/observations`: 201 with what is now known. To say the same again is harmless, so no key is
/// needed.
pub(super) async fn observe(
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<Stranger>), Problem> {
    let new: NewObservation = read(request, &FORM).await?;
    Ok((StatusCode::CREATED, Json(app.registry.observe(&new).await?)))
}
