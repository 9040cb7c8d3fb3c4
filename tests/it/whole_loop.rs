//! The whole loop on real parts: commits under the hooks, a release on a served remote, deployments to a real
//! server, a registry that is killed in the middle, and what the board then says.

use std::path::Path;

use tempfile::TempDir;

use crate::support::served::{self, Served};
use crate::support::{Remote, Sandbox};

/// A registry on a fixed port, so that it can come back where it was.
fn registry(data: &Path, port: u16) -> Served {
    let listen = format!("127.0.0.1:{port}");
    let data = data.to_str().unwrap();
    Served::of(served::command(&["serve", "--listen", &listen, "--data-dir", data], Path::new("/")))
}

#[test]
fn from_commit_to_board_with_a_registry_that_dies_in_the_middle() {
    let data = TempDir::new().unwrap();
    let first = registry(data.path(), 0);
    let port = first.port;
    let url = format!("http://127.0.0.1:{port}/");
    let sandbox =
        Sandbox::repository().var("SHIPMARK_REGISTRY_URL", &url).var("SOURCE_DATE_EPOCH", "1769860800");
    let remote = Remote::of(&sandbox);

    sandbox.run(&["init"]).exits(0);
    sandbox.git(&["add", "."]);
    sandbox.git_fails(&["commit", "-m", "a message that says nothing"]);
    sandbox.git(&["commit", "--quiet", "-m", "feat: take a ticket"]);
    sandbox.run(&["release", "--push"]).exits(0);
    sandbox.run(&["deploy", "production", "--", "true"]).exits(0);

    sandbox.git(&["commit", "--quiet", "--allow-empty", "-m", "feat: find a ticket"]);
    sandbox.run(&["release", "--push"]).exits(0);
    let (head, tag) = (sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["rev-parse", "v0.2.0"]));
    let pushed = remote.refs(&sandbox);
    assert!(pushed.contains(&format!("{head} refs/heads/main")), "{pushed}");
    assert!(pushed.contains(&format!("{tag} refs/tags/v0.2.0")), "{pushed}");

    // The deployment kills the registry itself, so its start was reported and its end was not.
    let kill = format!("kill -9 {}", first.id());
    let died = sandbox.run(&["deploy", "production", "--", "sh", "-c", &kill]);
    died.exits(0);
    assert!(died.stderr.contains("is kept in"), "{}", died.stderr);
    drop(first);

    let second = registry(data.path(), port);
    sandbox.run(&["outbox", "flush"]).exits(0);
    sandbox.run(&["outbox", "flush"]).exits(0);
    let (status, home) = second.get("/api/v1/read/home");
    let rows: serde_json::Value = serde_json::from_str(&home).unwrap();
    let told: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (row["version"].clone(), row["status"].clone())).collect();
    assert_eq!(status, 200);
    assert_eq!(told, [("0.2.0".into(), "deployed".into()), ("0.1.0".into(), "deployed".into())]);

    let latest =
        "/api/v1/read/environment/latest?workload=helpdesk&platform=production&environment=production";
    assert_eq!(second.get(latest), (200, "{\"version\":\"0.2.0\"}".to_owned()));
    let (status, board) = second.get("/");
    assert_eq!(status, 200);
    assert!(board.contains("helpdesk") && board.contains("0.2.0"), "{board}");
    sandbox.run(&["status", "production"]).says(
        0,
        &format!("helpdesk 0.2.0 ({}) since [..] UTC ([..]), in sync", &head[..7]),
        "",
    );
}

#[test]
fn the_demo_plays_to_its_end() {
    let sandbox = Sandbox::empty();
    let played = sandbox.run(&["demo"]);
    let out = played.exits(0);
    for line in [
        "$ shipmark release --push",
        "none -> 0.1.0",
        "0.1.0 -> 0.2.0",
        "local     0.2.0",
        "the board: http://127.0.0.1:",
    ] {
        assert!(out.contains(line), "`{line}` is missing in:\n{out}");
    }
    assert!(played.stderr.contains("error   header: column 6"), "{}", played.stderr);
    assert_eq!(sandbox.names(""), [] as [&str; 0], "the working folder is left as it was");
}
