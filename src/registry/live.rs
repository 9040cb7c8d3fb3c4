//! Tells those who watch what happens, in this process and in every other of the same registry. One task reads the log
//! of events for all of them: at once after a write of this process, or of another that says so by Redis, and every second
//! for what others wrote. As long as nobody watches there is no such task.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, broadcast};
use tokio::time::MissedTickBehavior;

use super::{Registry, RegistryError};
use crate::domain::live::{Happening, before};
use crate::store::Changes;

/// How often it is looked for what other processes wrote.
const TURN: Duration = Duration::from_secs(1);
/// The pause after each look, so that many writes cost a few reads.
const REST: Duration = Duration::from_millis(50);
/// How far each turn looks back, in milliseconds: an event gets its id before it waits for its COMMIT, so one may
/// become visible after others that are younger. The clocks of the replicas may differ by about as much.
const OVERLAP: u64 = 10_000;
/// How many ids are read at a time.
const READ: i64 = 1_000;
/// How many changes wait for one who does not take them; whoever is further behind has lost some.
const WAITING: usize = 4_096;
/// How many changes one can be told who was away.
const BACK: usize = 1_000;

#[derive(Debug)]
pub(super) struct Live {
    told: broadcast::Sender<Arc<Happening>>,
    tail: Mutex<Tail>,
}

#[derive(Debug, Default)]
struct Tail {
    /// Whether the task runs.
    running: bool,
    /// The ids of the events since the overlap that were told, or came before anybody listened.
    seen: BTreeSet<String>,
}

impl Default for Live {
    fn default() -> Self {
        Self { told: broadcast::Sender::new(WAITING), tail: Mutex::default() }
    }
}

/// One who listens.
#[derive(Debug)]
pub(crate) struct Ear {
    /// What came since the event that was heard last, and perhaps some of what came within `OVERLAP` before it; nothing
    /// if that is too much, or nobody knows such an event.
    pub(crate) missed: Option<Vec<Arc<Happening>>>,
    /// What comes; some of it may be in `missed` too.
    pub(crate) coming: broadcast::Receiver<Arc<Happening>>,
}

impl Registry {
    /// Listens to every change that becomes durable from now on, and since the event `after` if there is one.
    pub(crate) async fn listen(&self, after: Option<&str>) -> Result<Ear, RegistryError> {
        let coming = {
            let mut tail = self.live.tail.lock().await;
            if !tail.running {
                // Before that is read, so that nothing comes between.
                let changes = self.store.changes();
                tail.seen = self.unseen(&self.floor(), &tail).await?.into_iter().collect();
                tail.running = true;
                tokio::spawn(self.clone().tell(changes));
            }
            self.live.told.subscribe()
        };
        let missed = match after {
            Some(after) => self.missed(after).await?,
            None => Some(Vec::new()),
        };
        Ok(Ear { missed, coming })
    }

    /// Tells what happens until nobody listens any more.
    async fn tell(self, mut changes: Changes) {
        let mut turn = tokio::time::interval(TURN);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_turn = tokio::select! {
                _ = turn.tick() => true,
                () = changes.next() => false,
            };
            let mut tail = self.live.tail.lock().await;
            if self.live.told.receiver_count() == 0 {
                *tail = Tail::default();
                return;
            }
            // A database that fails says so to every request; the next turn tries again.
            for happening in self.news(&mut tail, is_turn).await.unwrap_or_default() {
                // Whoever listened may just have gone.
                let _ = self.live.told.send(Arc::new(happening));
            }
            drop(tail);
            tokio::time::sleep(REST).await;
        }
    }

    /// What was not told yet: after the youngest that was told, or on a turn since the overlap.
    async fn news(&self, tail: &mut Tail, is_turn: bool) -> Result<Vec<Happening>, RegistryError> {
        let mut after = self.floor();
        if is_turn {
            tail.seen = tail.seen.split_off(&after);
        } else if let Some(last) = tail.seen.last() {
            after.clone_from(last);
        }
        let new = self.unseen(&after, tail).await?;
        let happenings = self.store.happenings(&new).await?;
        tail.seen.extend(new);
        Ok(happenings)
    }

    /// The ids of the events after a text that are not among the seen.
    async fn unseen(&self, after: &str, tail: &Tail) -> Result<Vec<String>, RegistryError> {
        let (mut after, mut new) = (after.to_owned(), Vec::new());
        loop {
            let keys = self.store.event_keys(&after, READ).await?;
            let is_all = i64::try_from(keys.len()).is_ok_and(|count| count < READ);
            if let Some(last) = keys.last() {
                after.clone_from(last);
            }
            new.extend(keys.into_iter().filter(|key| !tail.seen.contains(key)));
            if is_all {
                return Ok(new);
            }
        }
    }

    /// Where the overlap begins.
    fn floor(&self) -> String {
        before(&self.world.new_id(), OVERLAP).unwrap_or_default()
    }

    /// What one has missed who heard of `after` last; nothing if that cannot be said.
    async fn missed(&self, after: &str) -> Result<Option<Vec<Arc<Happening>>>, RegistryError> {
        let Some(floor) = before(after, OVERLAP) else { return Ok(None) };
        // As many may stand in the overlap.
        let mut keys = self.store.event_keys(&floor, READ * 2).await?;
        let Some(at) = keys.iter().position(|key| key == after) else { return Ok(None) };
        if keys.len().saturating_sub(at) > BACK + 1 || keys.len() >= BACK * 2 {
            return Ok(None);
        }
        keys.remove(at);
        Ok(Some(self.store.happenings(&keys).await?.into_iter().map(Arc::new).collect()))
    }
}
