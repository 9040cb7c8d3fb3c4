//! Which programs the registry asks by itself.

use super::audit::Trace;
use super::db::{Record, Transaction, values};
use super::writer::Verdict;
use super::{Store, StoreError, sql};
use crate::domain::probing::{NewProbe, Probing, Spot};

/// A look that is due.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) spot: Spot,
    pub(crate) probing: Probing,
}

impl Store {
    /// What is asked at a place.
    pub(crate) async fn probe(&self, spot: &Spot) -> Result<Option<Probing>, StoreError> {
        let values = values![&spot.app, &spot.platform, &spot.environment];
        self.readers.whole().one(sql::PROBE, values).await?.as_ref().map(probing).transpose()
    }

    /// Sets what is asked at a place, first at a time in milliseconds since 1970 UTC, or that nothing is; says
    /// whether something was before.
    pub(crate) async fn set_probe(
        &self,
        spot: &Spot,
        new: Option<(&NewProbe, i64)>,
        trace: &Trace,
    ) -> Result<bool, StoreError> {
        let (trace, after) = (trace.clone(), new.map(|(new, _)| audited(new)));
        let Spot { app, platform, environment } = spot.clone();
        let place = values![&app, &platform, &environment].to_vec();
        let row = new.map(|(new, due_at)| {
            let NewProbe { url, version, commit, environment: named, interval } = new;
            let pause = i64::from(*interval);
            values![app, platform, environment, url, version, commit, named, pause, due_at].to_vec()
        });
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                to.apply(sql::KEEP_PROBE, &place).await?;
                let before = to.query(sql::PROBE, &place).await?.first().map(probing).transpose()?;
                let before = before.map(|before| audited(&before.set));
                to.apply(sql::REMOVE_PROBE, &place).await?;
                if let Some(row) = row {
                    to.apply(sql::INSERT_PROBE, &row).await?;
                }
                if before != after {
                    trace.write(to, before.as_ref(), after.as_ref()).await?;
                }
                Ok(Verdict::Keep(before.is_some()))
            })
        });
        work.await
    }

    /// Some of the looks that are due, the longest waiting first.
    pub(crate) async fn due_probes(&self, now: i64, limit: i64) -> Result<Vec<Due>, StoreError> {
        let due = |row: &Record| {
            let (app, platform, environment) =
                (row.text("app")?, row.text("platform")?, row.text("environment")?);
            Ok(Due { spot: Spot { app, platform, environment }, probing: probing(row)? })
        };
        self.readers.whole().query(sql::DUE_PROBES, values![now, limit]).await?.iter().map(due).collect()
    }

    /// Takes a look for this process, by setting when the next one is due; says whether no other was faster.
    /// Times in milliseconds since 1970 UTC.
    pub(crate) async fn claim_probe(
        &self,
        spot: &Spot,
        due_at: i64,
        next_at: i64,
    ) -> Result<bool, StoreError> {
        let values = values![next_at, &spot.app, &spot.platform, &spot.environment, due_at];
        Ok(self.writer.apply(sql::CLAIM_PROBE, values).await? == 1)
    }

    /// Notes what came of a look.
    pub(crate) async fn probe_done(
        &self,
        spot: &Spot,
        at: i64,
        problem: Option<&str>,
    ) -> Result<(), StoreError> {
        let values = values![at, problem, &spot.app, &spot.platform, &spot.environment];
        self.writer.apply(sql::PROBE_DONE, values).await?;
        Ok(())
    }
}

/// A probe as the log keeps it: a key may stand in the query of its address.
fn audited(probe: &NewProbe) -> NewProbe {
    let url = probe.url.split_once(['?', '#']).map_or(probe.url.clone(), |(url, _)| format!("{url}?…"));
    NewProbe { url, ..probe.clone() }
}

fn probing(row: &Record) -> Result<Probing, StoreError> {
    let pause = row.int("pause")?;
    Ok(Probing {
        set: NewProbe {
            url: row.text("url")?,
            version: row.maybe_text("version_path")?,
            commit: row.maybe_text("commit_path")?,
            environment: row.maybe_text("environment_path")?,
            interval: u32::try_from(pause)
                .map_err(|_| StoreError::Corrupt(format!("a pause of {pause} s")))?,
        },
        asked_at: row.maybe_int("probed_at")?,
        problem: row.maybe_text("problem")?,
        due_at: row.int("due_at")?,
    })
}
