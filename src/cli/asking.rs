//! How a command asks a registry what runs where: now, or by its last answer with the age of it.

use std::time::Duration;

use super::Context;
use super::reporting::Place;
use crate::deploy::answers::{Answers, Matrix};
use crate::deploy::client::Client;
use crate::deploy::courier::{self, Patience};
use crate::deploy::outbox::Outbox;
use crate::domain::deployment::Report;
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
    let post = |report: &Report, limit| client.report(report, limit);
    match courier::send(&outbox, client.name(), context.world, Patience::All, PASSING, &post) {
        Ok(round) if round.delivered.is_empty() => {}
        Ok(round) => context.ui.note(&format!("delivered from the outbox: {}", round.delivered.len())),
        Err(error) => context.ui.warn(&format!("the outbox cannot be used: {error}")),
    }
}

/// The registry's answer, or the last one with its age in milliseconds.
fn answer(context: &Context, place: &Place, client: &Client) -> Result<(Matrix, Option<i64>), Error> {
    let answers = Answers::below(&place.private);
    match client.current(None, LIMIT) {
        Ok(items) => {
            let matrix = Matrix { at: context.world.now().as_millisecond(), items };
            if let Err(error) = answers.keep(client.name(), &matrix) {
                context.ui.warn(&format!("the answer cannot be kept for later: {error}"));
            }
            Ok((matrix, None))
        }
        Err(error) if error.is_passing() => match answers.matrix(client.name()) {
            Some(matrix) => {
                context.ui.detail(&text::line(&error.to_string()));
                let age = context.world.now().as_millisecond() - matrix.at;
                Ok((matrix, Some(age.max(0))))
            }
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}
