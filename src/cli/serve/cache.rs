//! Redis: by option, by our own variable, or by the two of Lord-Y/versions; else none.

use clap::Args;

use crate::error::{Error, Exit};
use crate::registry::RegistryError;
use crate::store::{RedisServer, Store, Use};
use crate::world::World;

const REDIS: &str = "SHIPMARK_REDIS_URL";
const ENABLED: &str = "REDIS_ENABLED";
const URI: &str = "REDIS_URI";

/// Redis as options name it.
#[derive(Debug, Args)]
pub(super) struct Redis {
    /// Keep answers of API v1 in this Redis, `redis://:PASSWORD@HOST:PORT/NUMBER` or `rediss://…` (also
    /// `SHIPMARK_REDIS_URL`, or `REDIS_ENABLED` and `REDIS_URI`); a variable keeps the password out of `ps`
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// The original writes to the same database and keeps its answers in this Redis: remove them after each write, and keep none
    #[arg(long)]
    shared_with_go: bool,
}

/// The Redis that is used, and what for.
#[derive(Debug)]
pub(super) struct Beside {
    server: RedisServer,
    purpose: Use,
}

impl Redis {
    pub(super) fn choose(&self, world: &World) -> Result<Option<Beside>, Error> {
        let purpose = if self.shared_with_go { Use::Original } else { Use::Answers };
        let url = match self.redis.as_deref().or_else(|| world.var(REDIS)) {
            None if is_enabled(world) => Some(world.var(URI).ok_or_else(nowhere)?),
            named => named,
        };
        match url {
            Some(url) => Ok(Some(Beside { server: RedisServer::parse(url)?, purpose })),
            None if self.shared_with_go => Err(unnamed()),
            None => Ok(None),
        }
    }
}

impl Beside {
    pub(super) async fn join(&self, store: Store, world: &World) -> Result<Store, Error> {
        Ok(store.beside(&self.server, self.purpose, &world.new_id()).await.map_err(RegistryError::from)?)
    }

    /// What an operator reads at the start.
    pub(super) fn words(&self) -> String {
        let name = self.server.name();
        match self.purpose {
            Use::Answers => format!("answers of API v1 are kept in {name}"),
            Use::Original => format!("answers of the original are removed from {name} after each write"),
        }
    }
}

/// By what Go's `ParseBool` takes as true.
fn is_enabled(world: &World) -> bool {
    matches!(world.var(ENABLED).map(str::trim), Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
}

fn nowhere() -> Error {
    Error::new(Exit::Configuration, format!("the environment variable `{ENABLED}` is set without `{URI}`"))
        .hint(format!("set both, or use `{REDIS}` alone"))
}

fn unnamed() -> Error {
    Error::new(Exit::Configuration, "`--shared-with-go` needs the Redis of the original")
        .hint(format!("name it with `--redis URL` or `{REDIS}`"))
}
