//! Work that nobody asks for: what never reported its end is taken for ended; id tokens that are past and what nobody is to be
//! told any more are forgotten. Several replicas may do it at the same time, since each change is made only where the deployment still stands where it stood.

use std::time::Duration;

use super::{Registry, RegistryError};
use crate::domain::deployment::State;
use crate::store::{Known, Moment, Step};

/// How often it is looked for.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a deployment may say nothing where neither its app nor its environment says otherwise, in seconds.
const SILENCE: i64 = 60 * 60;

impl Registry {
    /// Ends what says nothing any more, until it is dropped.
    pub(crate) async fn work(self) {
        let mut pause = tokio::time::interval(PAUSE);
        pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pause.tick().await;
            self.turn().await;
        }
    }

    /// Does once what is due.
    pub async fn turn(&self) {
        // A database that fails says so to every request; the next turn tries again.
        let _ = self.time_out().await;
        let _ = self.store.forget_exchanges(self.world.now().as_millisecond()).await;
        let _ = self.store.forget_deliveries().await;
    }

    /// Ends the deployments that were not heard of for too long.
    async fn time_out(&self) -> Result<(), RegistryError> {
        let now = self.world.now().as_millisecond();
        for known in self.store.overdue(now, SILENCE).await? {
            // It says whether the deployment moved meanwhile, and then it is not overdue any more.
            self.store.advance(&timed_out(&known, now, self.world.new_id())).await?;
        }
        Ok(())
    }
}

/// The end that is inferred; a real one takes its place when it comes. `now` in milliseconds since 1970 UTC.
fn timed_out(known: &Known, now: i64, event_key: String) -> Step {
    let moment = Moment::plain("timer", event_key, String::new(), now);
    Step { finished_at: Some(now.max(known.started_at)), ..Step::of(known, State::TimedOut, moment) }
}
