//! Wakes the other processes of a registry after a write, and is woken by them, so that those who watch need not wait for
//! the next look at the database. A message says nothing but that there is something to look for; one that is lost costs a
//! second.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::{Client, RedisError};
use tokio::sync::watch;
use tokio::time::timeout;

use super::line::{ANSWER, CONNECT, Line, PAUSE};

/// The pause after each message, so that many writes are told by a few.
const REST: Duration = Duration::from_millis(10);
/// After so long without a message the connection is made anew: it may be one that nobody is at the other end of.
const SILENCE: Duration = Duration::from_secs(30);

/// Who wakes whom.
#[derive(Debug, Clone)]
pub(in crate::store) struct Bell {
    /// One for each database.
    pub(in crate::store) channel: String,
    /// One for each process, which does not listen to itself.
    pub(in crate::store) own: String,
    /// Told of the writes of this process.
    pub(in crate::store) changed: watch::Sender<()>,
    /// Tells of those of others.
    pub(in crate::store) woken: watch::Sender<()>,
}

/// Rings and listens until the runtime ends.
pub(super) fn start(line: &Arc<Line>, client: &Client, bell: Bell) {
    tokio::spawn(ring(Arc::clone(line), bell.clone()));
    tokio::spawn(listen(client.clone(), bell));
}

async fn ring(line: Arc<Line>, bell: Bell) {
    let mut changed = bell.changed.subscribe();
    while changed.changed().await.is_ok() {
        let message = redis::cmd("PUBLISH").arg(&bell.channel).arg(&bell.own).to_owned();
        // The others look by themselves within a second.
        let _: Option<u64> = line.ask(&message, ANSWER).await;
        tokio::time::sleep(REST).await;
    }
}

async fn listen(client: Client, bell: Bell) {
    loop {
        // Redis that is gone is nothing to this; the line says so to who runs the server.
        let _ = hear(&client, &bell).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens until the connection ends or nothing comes.
async fn hear(client: &Client, bell: &Bell) -> Result<(), RedisError> {
    let opening = async {
        let mut opened = client.get_async_pubsub().await?;
        opened.subscribe(&bell.channel).await?;
        Ok::<_, RedisError>(opened)
    };
    let Ok(opened) = timeout(CONNECT, opening).await else { return Ok(()) };
    let mut messages = opened?.into_on_message();
    // What came while nobody listened.
    bell.woken.send_replace(());
    while let Ok(Some(message)) = timeout(SILENCE, messages.next()).await {
        if message.get_payload_bytes() != bell.own.as_bytes() {
            bell.woken.send_replace(());
        }
    }
    Ok(())
}
