//! Incidents.

use super::audit::Trace;
use super::db::{Record, Transaction, values};
use super::writer::Verdict;
use super::{Store, StoreError, sql};
use crate::domain::incident::{Incident, IncidentChange};

/// A new incident.
#[derive(Debug, Clone)]
pub(crate) struct IncidentEntry {
    pub(crate) incident: Incident,
    pub(crate) idempotency_key: Option<String>,
    /// The digest of the request, by which a repeated one is known.
    pub(crate) request_hash: String,
    /// Milliseconds since 1970 UTC.
    pub(crate) created_at: i64,
}

/// An incident with the digest of the request that made it.
#[derive(Debug, Clone)]
pub(crate) struct KnownIncident {
    pub(crate) incident: Incident,
    pub(crate) request_hash: String,
}

/// Which incidents are wanted; what is absent filters nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct IncidentsWanted {
    pub(crate) app: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) environment: Option<String>,
    /// Only what is not resolved.
    pub(crate) open: bool,
    /// Only what is older than this id.
    pub(crate) before: Option<String>,
    pub(crate) limit: i64,
}

impl Store {
    /// Enters an incident; says whether it did, or whether its key is taken.
    pub(crate) async fn open_incident(
        &self,
        entry: &IncidentEntry,
        trace: &Trace,
    ) -> Result<bool, StoreError> {
        let (incident, trace) = (entry.incident.clone(), trace.clone());
        let values = values![
            &incident.id,
            &incident.app,
            &incident.platform,
            &incident.environment,
            &incident.title,
            incident.opened_at,
            incident.resolved_at,
            incident.cause,
            &incident.actor,
            &entry.idempotency_key,
            &entry.request_hash,
            entry.created_at,
        ]
        .to_vec();
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                match to.apply(sql::INSERT_INCIDENT, &values).await {
                    Err(StoreError::Taken) => return Ok(Verdict::TakeBack(false)),
                    done => done?,
                };
                trace.write(to, None, Some(&incident)).await?;
                Ok(Verdict::Keep(true))
            })
        });
        work.await
    }

    /// Changes an incident; what is absent stays.
    pub(crate) async fn change_incident(
        &self,
        id: &str,
        change: &IncidentChange,
        trace: &Trace,
    ) -> Result<(), StoreError> {
        let values = values![&change.title, change.opened_at, change.resolved_at, change.cause, id].to_vec();
        let (id, trace) = (id.to_owned(), trace.clone());
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                to.apply(sql::KEEP_INCIDENT, values![&id]).await?;
                let before = seen(to, &id).await?;
                to.apply(sql::CHANGE_INCIDENT, &values).await?;
                let after = seen(to, &id).await?;
                if before != after {
                    trace.write(to, before.as_ref(), after.as_ref()).await?;
                }
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }

    /// One incident by its id.
    pub(crate) async fn incident(&self, id: &str) -> Result<Option<KnownIncident>, StoreError> {
        let row = self.readers.one(sql::ONE_INCIDENT, values![id, None::<&str>]).await?;
        row.as_ref().map(known).transpose()
    }

    /// The incident that a request with this key made, whoever may see it.
    pub(crate) async fn incident_of_key(&self, key: &str) -> Result<Option<KnownIncident>, StoreError> {
        let row = self.readers.whole().one(sql::ONE_INCIDENT, values![None::<&str>, key]).await?;
        row.as_ref().map(known).transpose()
    }

    /// Incidents, newest first.
    pub(crate) async fn incidents(&self, wanted: &IncidentsWanted) -> Result<Vec<Incident>, StoreError> {
        let values = values![
            &wanted.app,
            &wanted.platform,
            &wanted.environment,
            i64::from(wanted.open),
            &wanted.before,
            wanted.limit,
        ];
        let rows = self.readers.query(sql::INCIDENTS, values).await?;
        rows.iter().map(|row| known(row).map(|known| known.incident)).collect()
    }
}

async fn seen(to: &mut Transaction, id: &str) -> Result<Option<Incident>, StoreError> {
    let rows = to.query(sql::ONE_INCIDENT, values![id, None::<&str>]).await?;
    rows.first().map(|row| known(row).map(|known| known.incident)).transpose()
}

fn known(row: &Record) -> Result<KnownIncident, StoreError> {
    let incident = Incident {
        id: row.text("id")?,
        app: row.text("app")?,
        platform: row.text("platform")?,
        environment: row.text("environment")?,
        title: row.text("title")?,
        opened_at: row.int("opened_at")?,
        resolved_at: row.maybe_int("resolved_at")?,
        cause: row.maybe_int("cause")?,
        actor: row.maybe_text("actor")?,
    };
    Ok(KnownIncident { incident, request_hash: row.text("request_hash")? })
}
