//! `compare`: how this clone, environments, tags and commits stand to each other.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{RegistryMock, Sandbox, down, helpdesk, item};

/// Production has the first commit, dev two more, and local one more than that.
struct Story {
    registry: RegistryMock,
    sandbox: Sandbox,
    commits: Vec<String>,
}

impl Story {
    fn tell() -> Self {
        let registry = RegistryMock::start();
        let sandbox = helpdesk(&registry.url());
        let mut commits = vec![sandbox.git(&["rev-parse", "HEAD"])];
        sandbox.git(&["tag", "v1.0.0"]);
        commits.push(sandbox.commit("fix(filters): keep the date range (#49)"));
        commits.push(sandbox.commit("feat(kpi): tickets per hour (#61)\n\nRefs: #7"));
        commits.push(sandbox.commit("chore: tidy"));
        let story = Self { registry, sandbox, commits };
        story.records(&json!([
            item("helpdesk", "production", "1.0.0", Some(&story.commits[0]), Some("1.1.0")),
            item("helpdesk", "dev", "1.1.0-rc.1", Some(&story.commits[2]), None),
            item("other", "qa", "3.0.0", Some(&story.commits[2]), None),
        ]));
        story
    }

    fn records(&self, items: &Value) {
        self.registry.set_current(items);
    }

    fn short(&self, number: usize) -> &str {
        &self.commits[number][..7]
    }
}

#[test]
fn local_is_compared_with_what_runs_in_production() {
    let story = Story::tell();
    let (sandbox, at) = (&story.sandbox, |number| story.short(number));
    let list = format!(
        "Features (1)  {}  kpi: tickets per hour (#61)         [..] d\n\
         Fixes (1)     {}  filters: keep the date range (#49)  [..] d   oldest waiting\n\
         Other (1)     1 chore",
        at(2),
        at(1)
    );
    let ahead = format!(
        "local {} (1.0.0+3) is AHEAD of production {} (1.0.0): 3 commits, 0 behind; they amount to a minor bump\n{list}",
        at(3),
        at(0)
    );
    sandbox.run(&["compare", "production"]).says(0, &ahead, "");
    sandbox.run(&["compare", "production", "--exit-code"]).says(1, &ahead, "");
    let behind = format!(
        "production {} (1.0.0) is BEHIND local {} (1.0.0+3): 3 commits, 0 ahead; they amount to a minor bump\n{list}",
        at(0),
        at(3)
    );
    sandbox.run(&["compare", "local", "production"]).says(0, &behind, "");
    sandbox.run(&["compare", "dev", "HEAD~1", "--exit-code"]).says(
        0,
        &format!("SAME  HEAD~1 and dev are {} (1.1.0-rc.1 and 1.0.0+2), recorded [..] d ago", at(2)),
        "",
    );
    sandbox.run(&["compare", "production", "v1.0.0"]).says(
        0,
        &format!("SAME  v1.0.0 and production are 1.0.0 ({}), recorded [..] d ago", at(0)),
        "",
    );
    sandbox.file("VERSION.txt", "1.1.0\n");
    sandbox.run(&["compare", "dev", "--all"]).says(
        0,
        &format!(
            "local {} (1.0.0+3) is AHEAD of dev {} (1.1.0-rc.1): 1 commit, 0 behind; it amounts to no bump\n\
             Other (1)  {}  chore: tidy   [..] d   oldest waiting",
            at(3),
            at(2),
            at(3)
        ),
        "warning: tracked files differ from HEAD; `local` is HEAD, without them",
    );
}

#[test]
fn two_environments_are_compared_and_the_document_is_whole() {
    let story = Story::tell();
    let document = story.sandbox.run(&["compare", "production", "dev", "--json"]).json(0);
    assert_eq!((&document["verdict"], &document["stale_seconds"]), (&json!("ahead"), &Value::Null));
    assert_eq!((&document["a"]["sha"], &document["a"]["by"]), (&json!(story.commits[0]), &json!("commit")));
    let ahead = &document["ahead"];
    assert_eq!(
        (&ahead["count"], &ahead["bump"], &ahead["at_least"]),
        (&json!(2), &json!("minor"), &json!(false))
    );
    assert_eq!(
        ahead["commits"][1],
        json!({ "sha": story.commits[1], "heading": "fixes", "type": "fix", "breaking": false,
            "subject": "filters: keep the date range (#49)", "at": 1_767_225_660_000_i64 })
    );
    assert_eq!(document["behind"]["commits"], json!([]));
    // An environment of another app is none of ours, and then the name could only be a revision.
    story.sandbox.run(&["compare", "qa"]).says(
        4,
        "",
        "error: `qa` is no environment with a record, and no commit or tag here\n\
         hint: see the environments with `shipmark status`, or run `git fetch --tags` if another clone has it",
    );
    story.sandbox.run(&["compare", "qa", "local", "--app", "other", "--exit-code"]).exits(1);
}

#[test]
fn diverged_histories_are_listed_on_both_sides() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    sandbox.git(&["checkout", "--quiet", "-b", "hotfix", &story.commits[0]]);
    let side = sandbox.commit("fix: at once");
    story.records(&json!([item("helpdesk", "production", "1.0.1", Some(&side), None)]));
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.run(&["compare", "production"]).says(
        0,
        &format!(
            "local {} (1.0.0+3) has DIVERGED from production {} (1.0.1): 3 ahead, 1 behind; the 3 ahead amount to a minor bump\n\
             only in local\n\
             Features (1)  {}  kpi: tickets per hour (#61)         [..]\n\
             Fixes (1)     {}  filters: keep the date range (#49)  [..]   oldest waiting\n\
             Other (1)     1 chore\n\
             only in production\n\
             Fixes (1)  {}  at once  [..]   oldest waiting",
            story.short(3), &side[..7], story.short(2), story.short(1), &side[..7]
        ),
        "",
    );
    // A branch of the name of an environment proves nothing about a server.
    sandbox.git(&["branch", "production", &story.commits[3]]);
    sandbox.run(&["compare", "production", "--exit-code"]).exits(1);
}

#[test]
fn a_record_without_a_commit_is_known_by_its_tag_or_by_its_version() {
    let story = Story::tell();
    story.records(&json!([
        item("helpdesk", "production", "1.0.0", None, None),
        item("helpdesk", "staging", "0.9.0", None, None),
        item("helpdesk", "dev", "1.0.0+5", None, None),
        item("helpdesk", "qa", "nightly", None, None),
    ]));
    let sandbox = &story.sandbox;
    let (head, first) = (story.short(3), story.short(0));
    sandbox.run(&["compare", "production", "v1.0.0"]).says(
        0,
        &format!("SAME  v1.0.0 and production are 1.0.0 ({first}), by tag, recorded [..] d ago"),
        "",
    );
    sandbox.run(&["compare", "v1.0.0", "production", "--exit-code"]).exits(0);
    let said = sandbox.run(&["compare", "production"]).exits(0).to_owned();
    assert!(
        said.starts_with(&format!(
            "local {head} (1.0.0+3) is AHEAD of production {first} (1.0.0, by tag): 3 commits"
        )),
        "{said}"
    );
    let by_version = "by version only, since no commit is known";
    sandbox.run(&["compare", "staging"]).says(
        0,
        &format!("local {head} (1.0.0+3) is AHEAD of staging (0.9.0): {by_version}"),
        "",
    );
    sandbox.run(&["compare", "production", "dev"]).says(
        0,
        &format!("SAME  dev and production are {first} (1.0.0 and 1.0.0+5), by tag, recorded [..] d ago"),
        "",
    );
    sandbox.run(&["compare", "qa"]).says(
        4,
        "",
        "error: `nightly` and `1.0.0+3` have no order, and no commit is recorded\n\
         hint: report deployments from the repository, so that they name a commit",
    );
}

#[test]
fn an_unknown_commit_is_fetched_and_never_counted_as_nothing() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    let foreign = "9f31c02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    story.records(&json!([item("helpdesk", "production", "1.0.0", Some(foreign), None)]));
    sandbox.run(&["compare", "production"]).says(
        4,
        "",
        "error: unknown: 9f31c02 of production is not in this clone\nhint: run `git fetch`, or let `--fetch` do it",
    );
    sandbox.git(&["clone", "--quiet", "--bare", ".", "../far/helpdesk.git"]);
    sandbox.git(&["remote", "add", "origin", "../far/helpdesk.git"]);
    let sandbox = &story.sandbox;
    sandbox.run(&["compare", "production", "--fetch"]).says(
        4,
        "",
        "error: gone: 9f31c02 of production is neither here nor on the remote (rebased away, or another repository)\n\
         hint: check that this is the repository it was deployed from",
    );
    // Another clone pushes the commit that runs in production.
    let newer = sandbox.commit("fix: from elsewhere");
    sandbox.git(&["push", "--quiet", "origin", "HEAD:main"]);
    sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    sandbox.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    sandbox.git(&["reflog", "expire", "--expire=now", "--all"]);
    sandbox.git(&["gc", "--quiet", "--prune=now"]);
    story.records(&json!([item("helpdesk", "production", "1.0.0", Some(&newer), None)]));
    sandbox.run(&["compare", "production"]).exits(4);
    let said = sandbox.run(&["compare", "production", "--fetch"]).exits(0).to_owned();
    assert!(said.contains("is BEHIND production"), "{said}");
}

#[test]
fn what_was_never_deployed_lacks_everything() {
    let story = Story::tell();
    story.sandbox.file("shipmark.toml", "[environments.qa]\norder = 1\n");
    let said = story.sandbox.run(&["compare", "qa"]).exits(0).to_owned();
    let head = story.short(3);
    let wanted = format!(
        "local {head} (1.0.0+3) is AHEAD of qa (never deployed): 4 commits, 0 behind; they amount to a minor bump\n"
    );
    assert!(said.starts_with(&wanted), "{said}");
    story.sandbox.run(&["compare", "qa", "qa"]).says(0, "SAME  qa and qa were never deployed", "");
}

#[test]
fn without_the_registry_the_last_answer_counts() {
    let Story { registry, sandbox, commits } = Story::tell();
    sandbox.run(&["compare", "production"]).exits(0);
    drop(registry);
    let said = sandbox.run(&["compare", "production"]).exits(0).to_owned();
    assert!(said.starts_with("registry unreachable, answer of "), "{said}");
    assert!(sandbox.run(&["compare", "production", "--json"]).json(0)["stale_seconds"].is_i64());
    let (_, never_seen) = down();
    let sandbox = sandbox.var("SHIPMARK_REGISTRY_URL", &never_seen);
    sandbox.run(&["compare", "production"]).exits(7);
    // A tag and a commit need no registry.
    sandbox.run(&["compare", "v1.0.0", &commits[0]]).says(
        0,
        &format!("SAME  {} and v1.0.0 are 1.0.0 ({})", commits[0], &commits[0][..7]),
        "",
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests start programs as a user would")]
fn a_shallow_clone_counts_at_least() {
    let story = Story::tell();
    let root = story.sandbox.path("..");
    let from = format!("file://{}", story.sandbox.path("").canonicalize().unwrap().display());
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--depth", "2", &from])
        .arg(root.join("shallow"))
        .status()
        .unwrap();
    assert!(cloned.success());
    let shallow = root.join("shallow");
    story.sandbox.run(&["compare", "production", "--repo", shallow.to_str().unwrap()]).says(
        4,
        "",
        &format!(
            "error: unknown: {} of production is not in this clone\n\
             hint: run `git fetch --unshallow --tags`, in CI `fetch-depth: 0`",
            story.short(0)
        ),
    );
    story.sandbox.file("shipmark.toml", "[environments.qa]\norder = 1\n");
    let config = story.sandbox.path("shipmark.toml");
    let arguments = ["compare", "qa", "--app", "helpdesk", "--repo", shallow.to_str().unwrap(), "--config"];
    let said = story.sandbox.run(&[&arguments[..], &[config.to_str().unwrap()]].concat()).exits(0).to_owned();
    assert!(said.contains("is AHEAD of qa (never deployed): at least 2 commits, 0 behind"), "{said}");
}
