//! `GET /api/v2/audit`: who changed what, newest first.

use axum::Json;

use super::App;
use super::list::{List, Page};
use super::problem::Problem;
use super::question::{Question, refused};
use crate::domain::audit::{Act, Audited};
use crate::store::AuditWanted;

/// The answer, of all changes or of those of one `action`, `token` or `subject`.
pub(super) async fn list(app: App, question: Question) -> Result<Json<List<Audited>>, Problem> {
    question.only(&["action", "token", "subject", "cursor", "limit"])?;
    let page = Page::of(&question)?;
    let text = |name| question.get(name).map(str::to_owned);
    let act = question.get("action").map(|word| {
        let known = || Act::ALL.map(Act::word).join(", ");
        Act::from_word(word).ok_or_else(|| refused("action", &format!("must be one of {}", known())))
    });
    let wanted = AuditWanted {
        act: act.transpose()?,
        token: text("token"),
        subject: text("subject"),
        before: text("cursor"),
        limit: page.rows(),
    };
    let items = app.registry.audit(&wanted).await?;
    Ok(Json(page.answer(items, |entry| entry.id.clone())))
}
