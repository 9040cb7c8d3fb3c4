//! Takes over what the original writes into the database, for as long as the server runs.

use std::time::Duration;

use super::observe::Cause;
use crate::registry::Registry;

/// How long a look is followed by rest, where there was nothing to do.
const REST: Duration = Duration::from_secs(2);

/// Ends at once where no other program can write to the database.
pub(super) async fn work(registry: Registry) {
    let Some(mut work) = registry.take_over() else { return };
    loop {
        let more = work.part().await.unwrap_or_else(|error| {
            // The next look tries again.
            tracing::error!(
                cause = Cause::of(&error).to_string(),
                "rows of the original were not taken over"
            );
            false
        });
        if !more {
            tokio::time::sleep(REST).await;
        }
    }
}
