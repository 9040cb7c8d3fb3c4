//! What the original keeps in Redis: its answers under `w_p_…`, for up to 30 days. It removes them when it writes, and we
//! when we do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};

use super::line::Line;

/// The keys of its answers.
const KEYS: &str = "w_p_*";
/// How many keys Redis looks through at a time.
const SOME: u32 = 1_000;
/// How long each such look may take.
const LOOK: Duration = Duration::from_millis(500);
/// How long after the beginning of a write its answers are removed once more: a page that it read before our COMMIT
/// it may keep after we removed all. No write lasts as long.
const LATER: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Original {
    sweep: Arc<Sweep>,
    written: Arc<Notify>,
}

#[derive(Debug)]
struct Sweep {
    line: Arc<Line>,
    /// How often it was asked to remove them, and which of these was served last.
    asked: AtomicU64,
    served: Mutex<u64>,
}

impl Original {
    /// It needs a runtime, which a task runs on as long as the line is up.
    pub(super) fn on(line: &Arc<Line>) -> Self {
        let sweep =
            Arc::new(Sweep { line: Arc::clone(line), asked: AtomicU64::new(0), served: Mutex::default() });
        let written = Arc::new(Notify::new());
        tokio::spawn(again(Arc::clone(&sweep), Arc::clone(&written)));
        tokio::spawn(at_return(Arc::clone(&sweep)));
        Self { sweep, written }
    }

    /// Removes them after a while.
    pub(super) fn later(&self) {
        self.written.notify_one();
    }

    /// Removes them now.
    pub(super) async fn remove(&self) {
        self.sweep.run().await;
    }
}

async fn again(sweep: Arc<Sweep>, written: Arc<Notify>) {
    loop {
        written.notified().await;
        tokio::time::sleep(LATER).await;
        sweep.run().await;
    }
}

/// What was written while Redis could not be reached is seen to when it is back.
async fn at_return(sweep: Arc<Sweep>) {
    loop {
        sweep.line.turned(true).await;
        sweep.line.turned(false).await;
        sweep.run().await;
    }
}

impl Sweep {
    /// Removes all; those who ask while it runs are served together by the next.
    async fn run(&self) {
        let own = self.asked.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        let mut served = self.served.lock().await;
        if *served >= own {
            return;
        }
        let all = self.asked.load(Ordering::SeqCst);
        let mut cursor = 0_u64;
        loop {
            let look =
                redis::cmd("SCAN").arg(cursor).arg("MATCH").arg(KEYS).arg("COUNT").arg(SOME).to_owned();
            let Some((next, keys)) = self.line.ask::<(u64, Vec<Vec<u8>>)>(&look, LOOK).await else { return };
            if !keys.is_empty() {
                let removed: Option<u64> = self.line.ask(redis::cmd("UNLINK").arg(keys), LOOK).await;
                if removed.is_none() {
                    return;
                }
            }
            if next == 0 {
                break;
            }
            cursor = next;
        }
        *served = all;
    }
}
