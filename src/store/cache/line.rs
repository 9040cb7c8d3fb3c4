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

/// The connection, or why there is none and nobody asks.
#[derive(Debug)]
pub(super) struct Line {
    client: Client,
    link: watch::Sender<Result<Link, String>>,
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
        let line = Arc::new(Self { client, link: watch::Sender::new(Err(String::new())) });
        let first = line.connect(1).await;
        if first.is_err() {
            tokio::spawn(Arc::clone(&line).mend(2));
        }
        line.link.send_modify(|link| *link = first);
        line
    }

    /// Whether Redis is asked.
    pub(super) fn is_open(&self) -> bool {
        self.link.borrow().is_ok()
    }

    /// Why it is not.
    pub(super) fn trouble(&self) -> Option<String> {
        self.link.borrow().as_ref().err().cloned()
    }

    /// Waits until that changes, or has since `was`.
    pub(super) async fn turned(&self, was: bool) {
        // The sender is ours, so there is always one.
        let _ = self.link.subscribe().wait_for(|link| link.is_ok() != was).await;
    }

    /// The answer to a command; nothing where there is none in time. That what is there is of another kind is an answer.
    pub(super) async fn ask<T: FromRedisValue>(
        self: &Arc<Self>,
        command: &Cmd,
        within: Duration,
    ) -> Option<T> {
        let mut link = self.link.borrow().clone().ok()?;
        match timeout(within, command.query_async(&mut link.connection)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) if error.code() == Some("WRONGTYPE") => None,
            Ok(Err(error)) => self.give_up(link.number, &error.to_string()),
            Err(_) => self.give_up(link.number, &late(within)),
        }
    }

    /// Closes this connection, if it is still the one. There is no answer then.
    fn give_up<T>(self: &Arc<Self>, number: u64, why: &str) -> Option<T> {
        let closed = self.link.send_if_modified(|link| {
            let is_it = link.as_ref().is_ok_and(|link| link.number == number);
            if is_it {
                *link = Err(why.to_owned());
            }
            is_it
        });
        if closed {
            tokio::spawn(Arc::clone(self).mend(number.saturating_add(1)));
        }
        None
    }

    /// Tries until Redis answers again.
    async fn mend(self: Arc<Self>, number: u64) {
        loop {
            tokio::time::sleep(PAUSE).await;
            let link = self.connect(number).await;
            if link.is_ok() {
                self.link.send_modify(|was| *was = link);
                return;
            }
        }
    }

    /// Opens a connection on which Redis answers as quickly as it should, or says why not.
    async fn connect(&self, number: u64) -> Result<Link, String> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let connected = timeout(CONNECT, connecting).await.map_err(|_| late(CONNECT))?;
        let mut connection = connected.map_err(|error| error.to_string())?;
        let asked = redis::cmd("PING");
        let answered = timeout(ANSWER, asked.query_async::<String>(&mut connection)).await;
        answered.map_err(|_| late(ANSWER))?.map_err(|error| error.to_string())?;
        Ok(Link { number, connection })
    }
}

fn late(limit: Duration) -> String {
    format!("no answer within {} ms", limit.as_millis())
}
