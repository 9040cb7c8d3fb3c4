//! A database that Lord-Y/versions wrote and goes on writing: its rows are deployments of v2 and cells of the board.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::databases::{each, original, serve};
use crate::support::engine::Engine;
use crate::support::redis::Redis;
use crate::support::served::{Served, command};

fn current(server: &Served) -> Value {
    serde_json::from_str(&server.get("/api/v2/current").1).unwrap()
}

/// Asks until the answer is the one that is waited for.
fn until(what: &str, look: impl Fn() -> bool) {
    let start = Instant::now();
    while !look() {
        assert!(start.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[tokio::test]
async fn what_the_original_writes_is_soon_in_the_answers_that_are_kept() {
    each(async |engine, url| {
        let Some(redis) = Redis::start() else { return };
        engine.run(&url, &original(engine, 3, false)).await;
        let folder = TempDir::new().unwrap();
        let mut command = command(&["serve", "--listen", "127.0.0.1:0"], folder.path());
        command.env("SHIPMARK_DATABASE_URL", &url).env("SHIPMARK_REDIS_URL", redis.url());
        let server = Served::of(command);
        let home = || server.get("/api/v1/read/home").1;
        let is_kept = || {
            let before = redis.stat("keyspace_hits");
            home();
            redis.stat("keyspace_hits") > before
        };
        for change in [
            &insert("a", "2", "ongoing", "N/A"),
            "UPDATE versions SET status = 'failed' WHERE versions_id = 2",
        ] {
            until("an answer that is kept", is_kept);
            engine.run(&url, change).await;
            // It is taken over within seconds; what is kept would stand for a minute.
            let (start, wanted) =
                (Instant::now(), if change.starts_with("INSERT") { "ongoing" } else { "failed" });
            until("the change", || home().contains(wanted));
            assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
        }
    })
    .await;
}

fn state_of(server: &Served, id: i64) -> Value {
    let (status, text) = server.get(&format!("/api/v2/deployments/{id}"));
    if status == 200 { serde_json::from_str::<Value>(&text).unwrap()["state"].clone() } else { Value::Null }
}

/// What the original does on a create, and on a change of the status.
fn insert(workload: &str, version: &str, status: &str, raw: &str) -> String {
    format!(
        "INSERT INTO versions (workload, platform, environment, version, changelog_url, raw, status, date) \
         VALUES ('{workload}', 'p', 'e', '{version}', 'N/A', '{raw}', '{status}', '2026-01-02 03:04:05')"
    )
}

#[tokio::test]
async fn rows_of_the_original_become_deployments_and_follow_its_words() {
    each(async |engine, url| {
        engine.run(&url, &original(engine, 3, false)).await;
        let server = serve(&url);
        until("the old row", || state_of(&server, 1) == "succeeded");
        let cell = current(&server)["items"][0].clone();
        assert_eq!(
            json!([
                cell["app"],
                cell["workload"],
                cell["recorded"]["version"],
                cell["recorded"]["started_at"]
            ]),
            json!(["a", "a", "1", 1_704_164_645_000_i64])
        );
        // It begins one and ends it.
        engine.run(&url, &insert("a", "2", "ongoing", "N/A")).await;
        until("what is under way", || state_of(&server, 2) == "running");
        engine.run(&url, "UPDATE versions SET status = 'completed' WHERE versions_id = 2").await;
        until("its end", || state_of(&server, 2) == "succeeded" && state_of(&server, 1) == "superseded");
        assert_eq!(current(&server)["items"][0]["recorded"]["version"], "2");
        // It says something else of one that had ended, and of one that was replaced.
        engine.run(&url, "UPDATE versions SET status = 'failed' WHERE versions_id = 2").await;
        until("the word", || state_of(&server, 2) == "failed" && state_of(&server, 1) == "succeeded");
        engine.run(&url, &insert("a", "3", "paused for <b>lunch</b>", "N/A")).await;
        until("a strange word", || state_of(&server, 3) == "unknown");
        let events: Value = serde_json::from_str(&server.get("/api/v2/deployments/2/events").1).unwrap();
        let told: Vec<(&Value, &Value)> = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| (&event["to"], &event["source"]))
            .collect();
        assert_eq!(json!(told), json!([["running", "v1"], ["succeeded", "v1"], ["failed", "v1"]]));
        let chain = server.get("/api/v2/chain?app=a&platform=p&environment=e").1;
        assert!(chain.contains(r#""whole":true"#), "{chain}");
        let row = server.get("/api/v1/read/raw/id?versionId=2").1;
        assert!(row.contains(r#""status":"failed","date":"2026-01-02T03:04:05Z""#), "{row}");
    })
    .await;
}

#[tokio::test]
async fn a_report_that_the_original_kept_for_us_is_taken_whole() {
    each(async |engine, url| {
        engine.run(&url, &original(engine, 3, false)).await;
        let report = json!({ "shipmark": {
            "app": "desk", "workload": "team", "platform": "p", "environment": "e", "version": "4", "status": "succeeded",
            "run_key": "run-4", "seq": 1, "at": 1_767_323_045_000_i64, "sha": "abcdef0", "actor": "maya",
        } });
        engine.run(&url, &insert("team", "4", "deployed", &report.to_string())).await;
        // The same key once more is another row, and a deployment without a key.
        engine.run(&url, &insert("team", "4", "deployed", &report.to_string())).await;
        let server = serve(&url);
        until("both", || [2, 3].iter().all(|id| state_of(&server, *id) != Value::Null));
        let of = |id: i64| serde_json::from_str::<Value>(&server.get(&format!("/api/v2/deployments/{id}")).1).unwrap();
        let mut apps = [of(2)["app"].clone(), of(3)["app"].clone()];
        apps.sort_by_key(Value::to_string);
        assert_eq!(apps, ["desk", "team"]);
    })
    .await;
}

#[tokio::test]
async fn many_rows_between_two_looks_and_a_date_that_is_none_are_taken_over() {
    const ROWS: i64 = 2_500;
    each(async |engine, url| {
        engine.run(&url, &original(engine, 3, false)).await;
        let server = serve(&url);
        until("the old row", || state_of(&server, 1) == "succeeded");
        let none = if engine == Engine::MySql { "0000-00-00 00:00:00" } else { "infinity" };
        let row = insert("odd", "1", "deployed", "N/A").replace("2026-01-02 03:04:05", none);
        let lax = if engine == Engine::MySql { "SET SESSION sql_mode = ''; " } else { "" };
        engine.run(&url, &format!("{lax}{row}")).await;
        let rows: Vec<String> = (0..ROWS)
            .map(|n| format!("('w{}', 'p', 'e', '{n}', 'N/A', '', 'deployed', '2025-01-02 03:04:05')", n % 20))
            .collect();
        let insert =
            "INSERT INTO versions (workload, platform, environment, version, changelog_url, raw, status, date) VALUES ";
        engine.run(&url, &format!("{insert}{}", rows.join(", "))).await;
        let start = Instant::now();
        while engine.count(&url, "sm_deployment").await < ROWS + 2 {
            assert!(start.elapsed() < Duration::from_mins(2), "{engine:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(state_of(&server, 2), "succeeded");
        let odd = server.get("/api/v1/read/raw/id?versionId=2").1;
        assert!(odd.contains(r#""date":"0001-01-01T00:00:00Z""#), "{odd}");
        assert_eq!(server.get("/api/v1/read/home").0, 200);
        assert_eq!(engine.count(&url, "sm_task WHERE until_at > 0").await, 1);
        server.signal("TERM");
        assert_eq!(server.wait().0, Some(0));
        assert_eq!(engine.count(&url, "sm_task WHERE until_at > 0").await, 0, "another one may begin at once");
    })
    .await;
}

#[tokio::test]
async fn two_servers_take_over_a_long_history_once() {
    const ROWS: i64 = 3_000;
    each(async |engine, url| {
        engine.run(&url, &original(engine, 3, false)).await;
        for from in (0..ROWS).step_by(1_000) {
            let rows: Vec<String> = (from..from + 1_000)
                .map(|n| {
                    let status =
                        ["deployed", "failed", "completed", "ongoing"][usize::try_from(n % 4).unwrap()];
                    format!("('w{}', 'p', 'e', '{n}', 'N/A', '', '{status}', '2025-01-02 03:04:05')", n % 20)
                })
                .collect();
            let insert = "INSERT INTO versions \
                (workload, platform, environment, version, changelog_url, raw, status, date) VALUES ";
            engine.run(&url, &format!("{insert}{}", rows.join(", "))).await;
        }
        let servers = [serve(&url), serve(&url)];
        let start = Instant::now();
        while engine.count(&url, "sm_deployment").await < ROWS + 1 {
            assert!(start.elapsed() < Duration::from_mins(2), "{engine:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(engine.count(&url, "versions").await, ROWS + 1);
        assert_eq!(engine.count(&url, "sm_event WHERE source = 'v1'").await, ROWS + 1, "each was told once");
        // Every other row is of a place with successes, of which one lives.
        assert_eq!(engine.count(&url, "sm_deployment WHERE state = 'succeeded'").await, 11);
        assert_eq!(current(&servers[1])["items"].as_array().unwrap().len(), 21);
        let chain = servers[0].get("/api/v2/chain?app=w0&platform=p&environment=e").1;
        let chain: Value = serde_json::from_str(&chain).unwrap();
        assert_eq!(chain["whole"], true, "{chain}");
    })
    .await;
}
