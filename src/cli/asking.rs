//! How a command asks a registry what runs where: now, or by its last answer with the age of it.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Context;
use super::reporting::Place;
use crate::deploy::answers::{About, Answers, Matrix, Said};
use crate::deploy::client::{Client, ClientError, Wanted};
use crate::deploy::courier::Patience;
use crate::deploy::outbox::Outbox;
use crate::deploy::subject::Target;
use crate::domain::hold::Hold;
use crate::domain::{span, text};
use crate::error::Error;

/// The time for the answer.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// The time for reports that wait, delivered in passing.
const PASSING: Duration = Duration::from_secs(1);

/// The registry's answer.
pub(super) struct Asked {
    pub(super) matrix: Matrix,
    /// Its age in milliseconds if the registry did not give it now.
    pub(super) stale: Option<i64>,
}

/// Asks what runs where, after delivering what waits: an own report belongs into the answer.
pub(super) fn current(context: &Context, place: &Place, client: &Client) -> Result<Asked, Error> {
    deliver_in_passing(context, place, client);
    let (matrix, stale) = answer(context, place, client)?;
    Ok(Asked { matrix, stale })
}

/// The line that comes before an old answer.
pub(super) fn stale_line(stale: Option<i64>) -> Option<String> {
    stale.map(|age| format!("registry unreachable, answer of {} ago", span::age(age)))
}

/// What waits is sent along; whatever comes of it is no answer to this question.
fn deliver_in_passing(context: &Context, place: &Place, client: &Client) {
    let outbox = Outbox::below(&place.private);
    let waits = outbox
        .waiting()
        .is_ok_and(|waiting| waiting.iter().any(|letter| letter.parcel.registry == client.name()));
    if !waits {
        return;
    }
    match client.deliver_from(&outbox, Patience::All, PASSING) {
        Ok(round) if round.delivered.is_empty() => {}
        Ok(round) => context.ui.note(&format!("delivered from the outbox: {}", round.delivered.len())),
        Err(error) => context.ui.warn(&format!("the outbox cannot be used: {error}")),
    }
}

/// The registry's answer, or the last one with its age in milliseconds.
fn answer(context: &Context, place: &Place, client: &Client) -> Result<(Matrix, Option<i64>), Error> {
    let about = About::Current(client.name());
    Ok(remembered(context, place, about, true, || client.current(None, LIMIT))?)
}

/// What holds back deployments to a place: the registry's answer, or the last one with its age in milliseconds.
pub(super) fn holds(
    context: &Context,
    place: &Place,
    client: &Client,
    target: &Target,
    limit: Duration,
    keep: bool,
) -> Result<(Said<Hold>, Option<i64>), ClientError> {
    let wanted = Wanted {
        app: Some(&target.app),
        platform: Some(&target.platform),
        environment: Some(&target.environment),
        ended: false,
    };
    let about = About::Holds(client.name(), target);
    remembered(context, place, about, keep, || client.holds(&wanted, limit))
}

fn remembered<T: Serialize + DeserializeOwned>(
    context: &Context,
    place: &Place,
    about: About,
    keep: bool,
    ask: impl FnOnce() -> Result<Vec<T>, ClientError>,
) -> Result<(Said<T>, Option<i64>), ClientError> {
    let answers = Answers::below(&place.private);
    let error = match ask() {
        Ok(items) => {
            let said = Said { at: context.world.now().as_millisecond(), items };
            if keep && let Err(error) = answers.keep(about, &said) {
                context.ui.warn(&format!("the answer cannot be kept for later: {error}"));
            }
            return Ok((said, None));
        }
        Err(error) => error,
    };
    let last = if error.is_passing() { answers.last(about) } else { None };
    let said: Said<T> = match last {
        Some(said) => said,
        None => return Err(error),
    };
    context.ui.detail(&text::line(&error.to_string()));
    let age = context.world.now().as_millisecond() - said.at;
    Ok((said, Some(age.max(0))))
}
