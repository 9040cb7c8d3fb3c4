//! A database that the original wrote, and may still write beside us. Its rows are the deployments of v2 too, and of the
//! board, as soon as each has the attempt that it is; and where it changes a word, the attempt follows. One process of a
//! registry does that at a time.

use futures_util::future::join_all;

use super::{NewVersion, Registry, RegistryError, v1};
use crate::store::{Known, Row, Step};

/// For how long a process has the work, in milliseconds. It takes it anew with each part.
const HELD: i64 = 30_000;
const TASK: &str = "take-over";
/// How many rows become attempts at a time, and how many ids are looked through at a time.
const SOME: i64 = 256;
const SPAN: i64 = 10_000;
/// How far behind the newest id a new row may become visible, since ids are given before the COMMIT.
const OVERLAP: i64 = 1_000;

/// How far a process has come.
#[derive(Debug)]
pub(crate) struct TakeOver {
    registry: Registry,
    holder: String,
    /// From this id on rows are looked for anew each time, and below it once. Nothing before the first look.
    from: Option<i64>,
    /// Below this id, and down to the floor, no row was looked for yet.
    below: i64,
    floor: i64,
}

impl Registry {
    /// The work of one process; nothing where no other program can write to the database.
    pub(crate) fn take_over(&self) -> Option<TakeOver> {
        let holder = self.world.new_id();
        self.store.is_shared().then(|| TakeOver {
            registry: self.clone(),
            holder,
            from: None,
            below: 0,
            floor: 0,
        })
    }

    /// Makes some rows of a span of ids into attempts, the newest first; gives them, and whether any of them did.
    async fn adopt(&self, from: i64, to: i64) -> Result<(Vec<Row>, bool), RegistryError> {
        let rows = self.store.bare(from, to, SOME).await?;
        // Together, so that they are written together. A row that cannot be taken keeps none of its neighbours back.
        let done = join_all(rows.iter().map(|row| self.adopt_one(row))).await;
        if let (Some(newest), Some(oldest)) = (rows.first(), rows.last()) {
            // A word may have changed since it was read.
            self.follow(self.store.words(oldest.versions_id, newest.versions_id + 1).await?).await?;
        }
        Ok((rows, done.iter().any(|done| matches!(done, Ok(true)))))
    }

    async fn adopt_one(&self, row: &Row) -> Result<bool, RegistryError> {
        let version = NewVersion {
            workload: row.workload.clone(),
            platform: row.platform.clone(),
            environment: row.environment.clone(),
            version: row.version.clone(),
            changelog_url: row.changelog_url.clone(),
            raw: row.raw.clone(),
            status: row.status.clone(),
        };
        let received_at = self.world.now().as_millisecond();
        let mut told = version.entry(None, row.date, self.world.new_id());
        told.moment.received_at = received_at;
        if self.store.adopt(row.versions_id, &told).await? {
            return Ok(true);
        }
        if told.run_key.is_none() {
            return Ok(false);
        }
        // The key of the report in its `raw` belongs to another attempt already.
        let mut plain = version.plain_entry(None, row.date, self.world.new_id());
        plain.moment.received_at = received_at;
        Ok(self.store.adopt(row.versions_id, &plain).await?)
    }

    /// Lets attempts follow the words that another program gave their rows.
    async fn follow(&self, attempts: Vec<(Known, String)>) -> Result<(), RegistryError> {
        for (known, word) in attempts.into_iter().filter(|(known, word)| !known.state.agrees_with(word)) {
            let step = v1::forced(&known, &word, self.world.now(), self.world.new_id());
            // The word stands there already, and may be another by now.
            self.store.advance(&Step { status: None, ..step }).await?;
        }
        Ok(())
    }
}

impl TakeOver {
    /// Does a part; says whether more waits.
    pub(crate) async fn part(&mut self) -> Result<bool, RegistryError> {
        let (store, now) = (&self.registry.store, self.registry.world.now().as_millisecond());
        if !store.hold_task(TASK, &self.holder, now, now + HELD).await? {
            return Ok(false);
        }
        let end = store.newest_id().await? + 1;
        if self.from.is_none() {
            self.below = end;
        }
        let from = self.from.unwrap_or(end) - OVERLAP;
        let (new, any) = self.registry.adopt(from, end).await?;
        self.from = Some(end);
        if let Some(oldest) = new.last().filter(|_| is_full(&new)) {
            // More came than fit; the rest is looked for as what is older is.
            self.floor = if self.below > self.floor { self.floor } else { from };
            self.below = oldest.versions_id.max(self.below);
        }
        self.registry.follow(store.words(from, end).await?).await?;
        self.registry.follow(store.open_words().await?).await?;
        if self.below > self.floor {
            let low = self.floor.max(self.below - SPAN);
            let (old, _) = self.registry.adopt(low, self.below).await?;
            // What was not among the newest of the span comes next.
            let reached = old.last().filter(|_| is_full(&old)).map(|row| row.versions_id);
            self.below = reached.unwrap_or(low);
        }
        // Where so many rows cannot be taken, to look again at once would be to look for ever.
        let is_stuck = is_full(&new) && !any;
        Ok(!is_stuck && (self.below > self.floor || is_full(&new)))
    }

    /// Leaves the work to another process.
    pub(crate) async fn give_up(&self) -> Result<(), RegistryError> {
        Ok(self.registry.store.give_up_task(TASK, &self.holder).await?)
    }
}

fn is_full(rows: &[Row]) -> bool {
    i64::try_from(rows.len()).is_ok_and(|count| count >= SOME)
}
