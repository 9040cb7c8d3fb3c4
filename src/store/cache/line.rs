//! The connection to Redis. An answer that does not come in time, or is a failure, closes it; nobody asks then until Redis
//! answers again, which one task tries. So a Redis that is gone or slow costs a few requests a moment, and none an error.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long an answer is waited for.
pub(super) const ANSWER: Duration = Duration::from_millis(50);
/// How long a connection may take, its TLS and its password included, and the pause between two tries.
pub(super) const CONNECT: Duration = Duration::from_secs(1);
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// The connection, or none while nobody asks.
#[derive(Debug)]
pub(super) struct Line {
    client: Client,
    link: watch::Sender<Option<Link>>,
}

#[derive(Debug, Clone)]
struct Link {
    /// Counts the connections.
    number: u64,
    connection: MultiplexedConnection,
}

impl Line {
    /// A line that is open if Redis answers now, and later else. It needs a runtime, which its tasks run on.
    pub(super) async fn to(client: Client) -> Arc<Self> {
        let line = Arc::new(Self { client, link: watch::Sender::new(None) });
        if !line.connect(1).await {
            tokio::spawn(Arc::clone(&line).mend(2));
        }
        line
    }

    /// Whether Redis is asked.
    pub(super) fn is_open(&self) -> bool {
        self.link.borrow().is_some()
    }

    /// Waits until that changes, or has since `was`.
    pub(super) async fn turned(&self, was: bool) {
        // The sender is ours, so there is always one.
        let _ = self.link.subscribe().wait_for(|link| link.is_some() != was).await;
    }

    /// The answer to a command; nothing where there is none in time. That what is there is of another kind is an answer.
    pub(super) async fn ask<T: FromRedisValue>(
        self: &Arc<Self>,
        command: &Cmd,
        within: Duration,
    ) -> Option<T> {
        let mut link = self.link.borrow().clone()?;
        match timeout(within, command.query_async(&mut link.connection)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) if error.code() == Some("WRONGTYPE") => None,
            Ok(Err(_)) | Err(_) => {
                self.give_up(link.number);
                None
            }
        }
    }

    /// Closes this connection, if it is still the one.
    fn give_up(self: &Arc<Self>, number: u64) {
        let closed = self.link.send_if_modified(|link| {
            let is_it = link.as_ref().is_some_and(|link| link.number == number);
            if is_it {
                *link = None;
            }
            is_it
        });
        if closed {
            tokio::spawn(Arc::clone(self).mend(number.saturating_add(1)));
        }
    }

    /// Tries until Redis answers again.
    async fn mend(self: Arc<Self>, number: u64) {
        loop {
            tokio::time::sleep(PAUSE).await;
            if self.connect(number).await {
                return;
            }
        }
    }

    /// Opens a connection; says whether Redis answers on it as quickly as it should.
    async fn connect(&self, number: u64) -> bool {
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let Ok(Ok(mut connection)) = timeout(CONNECT, connecting).await else { return false };
        let asked = redis::cmd("PING");
        if !matches!(timeout(ANSWER, asked.query_async::<String>(&mut connection)).await, Ok(Ok(_))) {
            return false;
        }
        self.link.send_replace(Some(Link { number, connection }));
        true
    }
}
