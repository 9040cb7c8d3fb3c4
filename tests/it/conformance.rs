//! What every server of API v1 answers, C1 to C15, against any base URL: the binary on each engine, with and without Redis, and with
//! `SHIPMARK_CONFORMANCE_URL=http://HOST:PORT` any other server, the original of Lord-Y included. Names are
//! new in each run, so a server that holds rows will do; what only an empty one can show is asked of ours.
//! `differences` holds what shipmark decides otherwise, so that a drift stays visible.

mod client;
mod differences;
mod reads;
mod writes;

use tempfile::TempDir;

use self::client::Client;
use crate::support::engine::Engine;
use crate::support::redis::Redis;
use crate::support::served::{Served, command};

/// Everything that the original answers too.
async fn common(client: &Client) {
    writes::c1_health(client).await;
    writes::c2_every_way_to_create(client).await;
    writes::c3_every_fault_has_its_line(client).await;
    writes::c4_absent_and_empty_texts(client).await;
    writes::c5_only_the_status_is_lower_case(client).await;
    writes::c6_update(client).await;
    reads::c7_latest(client).await;
    reads::c8_pages(client).await;
    reads::c9_home(client).await;
    reads::c10_distinct(client).await;
    reads::c11_raw(client).await;
    reads::c12_stats(client).await;
    reads::c13_slashes(client).await;
    reads::c14_date(client).await;
    reads::c15_a_write_is_seen(client).await;
}

async fn ours(served: &Served) {
    let client = Client::new(&format!("http://127.0.0.1:{}", served.port));
    reads::empty(&client).await;
    common(&client).await;
    differences::all(&client).await;
}

#[tokio::test]
async fn sqlite_conforms() {
    let folder = TempDir::new().unwrap();
    ours(&Served::start(folder.path())).await;
}

#[tokio::test]
async fn sqlite_with_redis_conforms() {
    with_redis(Engine::Sqlite).await;
}

/// The binary on a server, by the variable that keeps the password out of the list of processes.
async fn on_server(engine: Engine, redis: Option<&Redis>) {
    let Some(url) = engine.fresh().await else { return };
    let folder = TempDir::new().unwrap();
    let mut command = command(&["serve", "--listen", "127.0.0.1:0"], folder.path());
    command.env("SHIPMARK_DATABASE_URL", &url).envs(redis.map(|redis| ("SHIPMARK_REDIS_URL", redis.url())));
    let served = Served::of(command);
    assert!(!served.said.iter().any(|line| line.contains("shipmark:shipmark")), "{:?}", served.said);
    ours(&served).await;
}

/// By the variables of the original. Redis itself says whether answers came from there.
async fn with_redis(engine: Engine) {
    let Some(redis) = Redis::start() else { return };
    if engine == Engine::Sqlite {
        let folder = TempDir::new().unwrap();
        let mut command = command(&["serve", "--listen", "127.0.0.1:0"], folder.path());
        command.env("REDIS_ENABLED", "true").env("REDIS_URI", redis.url());
        ours(&Served::of(command)).await;
    } else {
        on_server(engine, Some(&redis)).await;
    }
    let (asked, found) = (redis.stat("keyspace_misses"), redis.stat("keyspace_hits"));
    assert!(asked == 0 || found > 0, "none of {asked} reads was in Redis");
}

#[tokio::test]
async fn postgresql_conforms() {
    on_server(Engine::Postgres, None).await;
}

#[tokio::test]
async fn postgresql_with_redis_conforms() {
    with_redis(Engine::Postgres).await;
}

#[tokio::test]
async fn mysql_conforms() {
    on_server(Engine::MySql, None).await;
}

#[tokio::test]
async fn mysql_with_redis_conforms() {
    with_redis(Engine::MySql).await;
}

#[tokio::test]
async fn the_named_server_conforms() {
    let Ok(url) = std::env::var("SHIPMARK_CONFORMANCE_URL") else { return };
    common(&Client::new(url.trim_end_matches('/'))).await;
}
