//! Says in the log when Redis is gone, and when it is back. No answer depends on it.

use crate::registry::Registry;

/// Never ends, and says nothing where Redis is not used.
pub(super) async fn watch(registry: Registry) {
    let mut answers = true;
    loop {
        registry.cache_turned(answers).await;
        answers = !answers;
        if answers {
            tracing::info!("Redis answers again");
        } else {
            let cause = registry.cache_trouble();
            tracing::warn!(
                cause,
                "Redis does not answer, so every answer comes from the database until it does"
            );
        }
    }
}
