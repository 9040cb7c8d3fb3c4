//! Takes over what the original writes into the database, for as long as the server runs.

use std::time::Duration;

use tokio::sync::watch;

use super::observe::Cause;
use crate::registry::Registry;

/// How long a look is followed by rest, where there was nothing to do.
const REST: Duration = Duration::from_secs(2);

/// Works until the service stops; ends at once where no other program can write to the database.
pub(super) async fn work(registry: Registry, mut stopping: watch::Receiver<bool>) {
    let Some(mut work) = registry.take_over() else { return };
    while !*stopping.borrow() {
        let more = work.part().await.unwrap_or_else(|error| {
            // The next look tries again.
            tracing::error!(
                cause = Cause::of(&error).to_string(),
                "rows of the original were not taken over"
            );
            false
        });
        if !more {
            // Whoever could tell of a stop is gone after it.
            let _ = tokio::time::timeout(REST, stopping.wait_for(|stopping| *stopping)).await;
        }
    }
    // Otherwise the next replica takes it at the end of its time.
    let _ = work.give_up().await;
}
