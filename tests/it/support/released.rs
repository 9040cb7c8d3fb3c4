//! A repository with a release behind it and one due.

use super::Sandbox;

/// 2026-01-31T12:00:00Z.
pub(crate) const TIME: &str = "1769860800";

/// A repository at v1.0.0 with VERSION.txt and a fix and a feature since.
pub(crate) fn released() -> Sandbox {
    let sandbox = Sandbox::repository().var("SOURCE_DATE_EPOCH", TIME);
    sandbox.file("VERSION.txt", "1.0.0\n");
    sandbox.commit("feat: begin");
    sandbox.git(&["tag", "v1.0.0"]);
    sandbox.commit("fix(api): a door");
    sandbox.commit("feat: a window (#7)");
    sandbox.commit("docs: no release");
    sandbox
}

/// Everything that a refused command must leave as it was.
pub(crate) fn state(sandbox: &Sandbox) -> String {
    let refs = sandbox.git(&["for-each-ref"]);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let status = sandbox.git(&["status", "--porcelain", "--branch"]);
    format!("{refs}\n{head}\n{status}\n{}", sandbox.git(&["diff", "HEAD"]))
}
