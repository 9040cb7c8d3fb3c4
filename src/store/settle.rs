//! What follows from a change: which success is live, and what the board shows.

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::write::{Event, Moment, insert_event};
use super::{StoreError, sql};
use crate::domain::deployment::State;

/// Brings one place in order after a change: of its successes the one with the latest end is live and the
/// others are superseded, whatever order they arrived in; the cell of the board follows.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    place: (&str, &str, &str),
    moment: &Moment,
) -> Result<(), StoreError> {
    let live = newest_in(connection, place, State::Succeeded).await?;
    let older = newest_in(connection, place, State::Superseded).await?;
    let best = live.max(older).map(|(_, id)| id);
    if let Some(best) = best {
        let replaced = sqlx::query(sql::REPLACED)
            .bind(place.0)
            .bind(place.1)
            .bind(place.2)
            .bind(best)
            .fetch_all(&mut *connection)
            .await?;
        for row in replaced {
            let id = row.try_get("versions_id")?;
            turn(connection, id, (State::Succeeded, State::Superseded), moment).await?;
        }
        if older.is_some_and(|(_, id)| id == best) {
            turn(connection, best, (State::Superseded, State::Succeeded), moment).await?;
        }
    }
    let newest: i64 = sqlx::query(sql::NEWEST_ATTEMPT)
        .bind(place.0)
        .bind(place.1)
        .bind(place.2)
        .fetch_one(&mut *connection)
        .await?
        .try_get("versions_id")?;
    sqlx::query(sql::SET_CURRENT)
        .bind(place.0)
        .bind(place.1)
        .bind(place.2)
        .bind(newest)
        .bind(best)
        .bind(moment.received_at)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// The end and the id of the newest attempt of a place in one state.
async fn newest_in(
    connection: &mut SqliteConnection,
    place: (&str, &str, &str),
    state: State,
) -> Result<Option<(Option<i64>, i64)>, sqlx::Error> {
    let row = sqlx::query(sql::NEWEST_IN_STATE)
        .bind(place.0)
        .bind(place.1)
        .bind(place.2)
        .bind(state.word())
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok((row.try_get("finished_at")?, row.try_get("versions_id")?))).transpose()
}

/// A state that the registry itself gives to an attempt, with its event.
async fn turn(
    connection: &mut SqliteConnection,
    id: i64,
    (from, to): (State, State),
    moment: &Moment,
) -> Result<(), sqlx::Error> {
    sqlx::query(sql::SET_STATE).bind(to.word()).bind(id).execute(&mut *connection).await?;
    insert_event(connection, &Event { id, seq: None, from: Some(from), to, caused: true }, moment).await
}
