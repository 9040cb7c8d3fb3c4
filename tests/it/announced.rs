//! The registry is told of every release that the remote has, and of no other.

use tempfile::TempDir;

use crate::support::proxy::{Fault, Proxy};
use crate::support::served::Served;
use crate::support::{RegistryMock, Remote, Sandbox, down, released};

/// A release of 1.1.0 is due; the remote has what is before it.
fn due(url: &str) -> (Sandbox, Remote) {
    let sandbox = released().var("SHIPMARK_REGISTRY_URL", url).alias(url, "REGISTRY");
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    (sandbox, remote)
}

const KEPT: &str = "warning: the release is not reported: cannot reach `[REGISTRY]`: Connection refused (os \
                    error 111); it is kept in `[ROOT]/helpdesk/.git/shipmark/outbox`, send it with `shipmark \
                    outbox flush`";

#[test]
fn a_pushed_release_is_told_once() {
    let registry = RegistryMock::start();
    let (sandbox, _remote) = due(&registry.url());
    sandbox.run(&["-q", "release", "--push"]).says(0, "1.0.0 -> 1.1.0", "");
    assert_eq!(registry.releases(), ["helpdesk 1.1.0 minor"]);
    let told = registry.requests().remove(0);
    assert_eq!(told.line, "PUT /api/v2/apps/helpdesk/versions/1.1.0 HTTP/1.1");
    assert_eq!(told.body["sha"].as_str().unwrap(), sandbox.git(&["rev-parse", "v1.1.0^{commit}"]));
    assert_eq!(
        (&told.body["tag"], &told.body["released_at"]),
        (&"v1.1.0".into(), &1_769_860_800_000_i64.into())
    );
    sandbox.run(&["outbox", "list"]).says(0, "", "the outbox is empty");
    sandbox.run(&["-q", "release", "--push"]).says(0, "1.1.0", "");
    assert_eq!(registry.requests().len(), 1);
}

#[test]
fn a_release_is_made_without_its_registry_and_told_later() {
    let (port, url) = down();
    let (sandbox, _remote) = due(&url);
    sandbox.run(&["-q", "release", "--push"]).says(0, "1.0.0 -> 1.1.0", KEPT);
    sandbox.run(&["outbox", "list"]).says(
        0,
        "waiting  [..]  helpdesk 1.1.0 released, [..] old, tries: 1: cannot reach `[REGISTRY]`: Connection \
         refused (os error 111)",
        "",
    );
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  helpdesk 1.1.0 released", "");
    assert_eq!(registry.releases(), ["helpdesk 1.1.0 minor"]);
}

#[test]
fn a_release_that_nobody_else_has_is_not_told() {
    let registry = RegistryMock::start();
    let (sandbox, remote) = due(&registry.url());
    sandbox.run(&["-q", "release"]).says(0, "1.0.0 -> 1.1.0", "");
    sandbox.run(&["outbox", "flush", "--reconcile", "9"]).says(
        0,
        "",
        "no tag here holds a release to report\nnothing to send",
    );
    sandbox.commit("fix: a roof");
    remote.update_hook("exit 1");
    sandbox.run(&["-q", "release", "--push"]).exits(5);
    assert_eq!(registry.requests().len(), 0);
    remote.update_hook("exit 0");
    sandbox.run(&["-q", "release", "--push"]).says(0, "1.1.0 -> 1.1.1", "");
    assert_eq!(sorted(registry.releases()), ["helpdesk 1.1.0 minor", "helpdesk 1.1.1 patch"]);
}

/// Releases of one second have no order.
fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn any_clone_can_tell_what_the_tags_hold_and_it_counts_once() {
    let registry = RegistryMock::start();
    let (sandbox, remote) = due(&registry.url());
    for subject in ["feat: a", "fix: b", "feat!: c"] {
        sandbox.commit(subject);
        sandbox.run(&["-q", "release", "--push"]).exits(0);
    }
    sandbox.git(&["tag", "-a", "-m", "x\n\nShipmark-Report: {\"app\":", "v2.0.1"]);
    sandbox.git(&["tag", "-a", "-m", "by hand", "v2.0.2"]);
    sandbox.git(&["push", "--quiet", "origin", "v2.0.1", "v2.0.2"]);
    let told = sorted(registry.releases());
    assert_eq!(told, ["helpdesk 1.1.0 minor", "helpdesk 1.1.1 patch", "helpdesk 2.0.0 major"]);
    drop(registry);

    let registry = RegistryMock::start();
    let clone = sandbox.path("fresh");
    sandbox.git(&["clone", "--quiet", &remote.url(), clone.to_str().unwrap()]);
    let there = clone.to_str().unwrap().to_owned();
    let fresh = sandbox.var("SHIPMARK_REGISTRY_URL", &registry.url());
    let flush = |count| fresh.run(&["--repo", &there, "outbox", "flush", "--reconcile", count]);
    flush("2").says(0, "delivered  helpdesk [..] released\ndelivered  helpdesk [..] released", "");
    assert_eq!(sorted(registry.releases()), told[1..]);
    let nine = flush("9");
    assert_eq!(nine.exits(0).lines().count(), 3);
    assert_eq!((registry.releases().len(), registry.requests().len()), (3, 5));
}

#[test]
fn a_server_that_knows_only_v1_makes_no_fuss() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let proxy = Proxy::before(server.port, |line| {
        let page = || Fault::Answer(200, "text/html", String::new(), "<title>versions</title>");
        if line.contains(" /api/v2/") { page() } else { Fault::None }
    });
    let (sandbox, _remote) = due(&proxy.url());
    sandbox.run(&["-q", "release", "--push"]).says(0, "1.0.0 -> 1.1.0", "");
    sandbox.run(&["outbox", "list"]).says(0, "", "the outbox is empty");
    sandbox.run(&["outbox", "flush", "--reconcile", "1"]).says(
        0,
        "delivered  helpdesk 1.1.0 released, which API v1 does not keep",
        "",
    );
}
