//! What was seen running.

use super::db::{Record, Transaction, values};
use super::writer::Verdict;
use super::{Store, StoreError, sql};
use crate::domain::health::bare_version;
use crate::domain::observation::{Sighted, Sighting, Stranger};
use crate::domain::probing::Spot;

/// Which spans are wanted, newest first.
#[derive(Debug, Clone)]
pub(crate) struct SightingsWanted {
    pub(crate) spot: Spot,
    /// Those that ended at this time or later, in milliseconds since 1970 UTC.
    pub(crate) from: i64,
    /// Only what ended before this time, or then and has a smaller id.
    pub(crate) before: Option<(i64, String)>,
    pub(crate) limit: i64,
}

/// What was seen, and where.
#[derive(Debug, Clone)]
pub(crate) struct SightingEntry {
    /// The id of the row, if it becomes one of its own.
    pub(crate) id: String,
    pub(crate) seen: Stranger,
    /// Milliseconds since 1970 UTC.
    pub(crate) received_at: i64,
}

impl Store {
    /// Keeps what was seen. What only says again what the newest look said moves the end of that one, so that a
    /// machine that reports every minute fills no table; the answer is what is then known.
    pub(crate) async fn observe(&self, entry: &SightingEntry) -> Result<Sighting, StoreError> {
        let entry = entry.clone();
        self.writer.run(move |transaction| Box::pin(async move { observe(transaction, &entry).await })).await
    }

    /// What was seen last at a place.
    pub(crate) async fn newest_sighting(&self, place: &Stranger) -> Result<Option<Sighting>, StoreError> {
        let values = values![&place.app, &place.platform, &place.environment];
        let row = self.readers.whole().one(sql::NEWEST_OBSERVATION, values).await?;
        row.as_ref().map(sighting).transpose().map(Option::flatten)
    }

    /// What was seen at a place.
    pub(crate) async fn sightings(&self, wanted: &SightingsWanted) -> Result<Vec<Sighted>, StoreError> {
        let Spot { app, platform, environment } = &wanted.spot;
        let (before, id) = wanted.before.as_ref().map_or((i64::MAX, ""), |(at, id)| (*at, id));
        let values = values![app, platform, environment, wanted.from, before, id, wanted.limit];
        let mut found = Vec::new();
        for row in self.readers.query(sql::OBSERVATIONS, values).await? {
            if let Some(seen) = sighting(&row)? {
                found.push(Sighted { id: row.text("o_id")?, seen });
            }
        }
        Ok(found)
    }

    /// Whether a place has a record of what was seen there; a few rows are read, however long its history is.
    pub(crate) async fn has_record(&self, seen: &Stranger) -> Result<bool, StoreError> {
        let facts = seen.observed.facts();
        let mut rows = Vec::new();
        if let Some(digits) = facts.commit.as_deref().and_then(|commit| commit.get(..7)) {
            let values = values![&seen.app, &seen.platform, &seen.environment, digits];
            rows.extend(self.readers.whole().query(sql::OF_COMMIT, values).await?);
        }
        if let Some(version) = facts.version.as_deref().map(bare_version) {
            let forms = ["", "v", "V"].map(|before| format!("{before}{version}"));
            let [bare, small, large] = &forms;
            let [bare_plus, small_plus, large_plus] = forms.clone().map(|form| form + "+");
            let values = values![
                &seen.app,
                &seen.platform,
                &seen.environment,
                &facts.commit,
                bare,
                small,
                large,
                bare_plus,
                small_plus,
                large_plus,
            ];
            rows.extend(self.readers.whole().query(sql::OF_VERSION, values).await?);
        }
        for row in &rows {
            if facts.is(&row.text("version")?, row.maybe_text("sha")?.as_deref()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What was seen last where nothing is recorded, since a time in milliseconds since 1970 UTC: of every app,
    /// or of one.
    pub(crate) async fn strangers(&self, app: Option<&str>, since: i64) -> Result<Vec<Stranger>, StoreError> {
        let stranger = |row: &Record| {
            Ok(Stranger {
                app: row.text("app")?,
                platform: row.text("platform")?,
                environment: row.text("environment")?,
                observed: sighting(row)?.ok_or_else(|| StoreError::Corrupt("an empty sight".to_owned()))?,
            })
        };
        self.readers.query(sql::STRANGERS, values![app, since]).await?.iter().map(stranger).collect()
    }
}

async fn observe(
    transaction: &mut Transaction,
    entry: &SightingEntry,
) -> Result<Verdict<Sighting>, StoreError> {
    let Stranger { app, platform, environment, observed } = &entry.seen;
    let newest = transaction.query(sql::NEWEST_OBSERVATION, values![app, platform, environment]).await?.pop();
    if let Some(row) = newest
        && let Some(known) = sighting(&row)?
        && known.says_the_same(observed)
        && observed.seen_at >= known.first_at
    {
        let seen_at = observed.seen_at.max(known.seen_at);
        let known_there = i64::from(observed.known);
        let values = values![seen_at, entry.received_at, known_there, row.text("o_id")?];
        transaction.apply(sql::EXTEND_OBSERVATION, values).await?;
        return Ok(Verdict::Keep(Sighting { seen_at, known: observed.known, ..known }));
    }
    let values = values![
        &entry.id,
        app,
        platform,
        environment,
        &observed.version,
        &observed.sha,
        &observed.digest,
        observed.started_at,
        observed.first_at,
        observed.seen_at,
        entry.received_at,
        i64::from(observed.known),
    ];
    transaction.apply(sql::INSERT_OBSERVATION, values).await?;
    Ok(Verdict::Keep(observed.clone()))
}

/// The sighting of a row, if it has one.
pub(super) fn sighting(row: &Record) -> Result<Option<Sighting>, StoreError> {
    let (Some(first_at), Some(seen_at)) = (row.maybe_int("o_first")?, row.maybe_int("o_seen")?) else {
        return Ok(None);
    };
    Ok(Some(Sighting {
        version: row.maybe_text("o_version")?,
        sha: row.maybe_text("o_sha")?,
        digest: row.maybe_text("o_digest")?,
        started_at: row.maybe_int("o_started")?,
        first_at,
        seen_at,
        known: row.maybe_int("o_known")? == Some(1),
    }))
}
