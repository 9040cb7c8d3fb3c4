//! What the integration tests share: a sealed-off place to run the real binary in, and servers to run it against.

pub(crate) mod browser;
pub(crate) mod engine;
pub(crate) mod program;
#[expect(dead_code, reason = "the fault harness uses the rest of it")]
pub(crate) mod proxy;
#[expect(dead_code, reason = "the fault harness uses the rest of it")]
pub(crate) mod redis;
pub(crate) mod registry;
pub(crate) mod registry_mock;
pub(crate) mod released;
pub(crate) mod remote;
pub(crate) mod sandbox;
pub(crate) mod served;
pub(crate) mod site;
pub(crate) mod stream;

pub(crate) use registry_mock::{RegistryMock, Reply};
pub(crate) use released::{TIME, released, state};
pub(crate) use remote::Remote;
pub(crate) use sandbox::Sandbox;

/// The commit that `helpdesk` makes.
pub(crate) const SHORT: &str = "2a4aeb1";
/// What is said of a report that waits.
pub(crate) const KEPT: &str =
    "it is kept in `[ROOT]/helpdesk/.git/shipmark/outbox`, send it with `shipmark outbox flush`";

/// A repository of version 1.0.0 whose registry is `url`.
pub(crate) fn helpdesk(url: &str) -> Sandbox {
    let sandbox = Sandbox::repository().var("SHIPMARK_REGISTRY_URL", url).alias(url, "REGISTRY");
    sandbox.file("VERSION.txt", "1.0.0\n");
    sandbox.commit("feat: begin");
    sandbox
}

/// An address where nothing answers, and its port.
pub(crate) fn down() -> (u16, String) {
    let port = RegistryMock::closed_port();
    (port, format!("http://127.0.0.1:{port}"))
}

/// One item of `GET /api/v2/current`: a success, unless `failed` names a newer attempt's version.
pub(crate) fn item(
    app: &str,
    environment: &str,
    version: &str,
    sha: Option<&str>,
    failed: Option<&str>,
) -> serde_json::Value {
    let attempt = |id: i64, version: &str, state: &str, status: &str, sha: Option<&str>| {
        serde_json::json!({ "id": id, "version": version, "state": state, "status": status, "sha": sha,
            "actor": null, "started_at": 1_760_085_900_000_i64, "finished_at": 1_760_085_912_000_i64 })
    };
    let recorded = attempt(1, version, "succeeded", "deployed", sha);
    let newest =
        failed.map_or_else(|| recorded.clone(), |version| attempt(2, version, "failed", "failed", None));
    serde_json::json!({ "app": app, "workload": app, "platform": environment, "environment": environment,
        "recorded": recorded, "newest": newest })
}
