//! What every server of API v1 answers, C1 to C15, against any base URL: the binary on each engine, and with
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

/// The binary on a server, by the variable that keeps the password out of the list of processes.
async fn on_server(engine: Engine) {
    let Some(url) = engine.fresh().await else { return };
    let folder = TempDir::new().unwrap();
    let mut command = command(&["serve", "--listen", "127.0.0.1:0"], folder.path());
    command.env("SHIPMARK_DATABASE_URL", &url);
    let served = Served::of(command);
    assert!(!served.said.iter().any(|line| line.contains("shipmark:shipmark")), "{:?}", served.said);
    ours(&served).await;
}

#[tokio::test]
async fn postgresql_conforms() {
    on_server(Engine::Postgres).await;
}

#[tokio::test]
async fn mysql_conforms() {
    on_server(Engine::MySql).await;
}

#[tokio::test]
async fn the_named_server_conforms() {
    let Ok(url) = std::env::var("SHIPMARK_CONFORMANCE_URL") else { return };
    common(&Client::new(url.trim_end_matches('/'))).await;
}
