//! `preflight` against a real registry.

use serde_json::json;
use tempfile::TempDir;

use crate::support::served::Served;
use crate::support::{Sandbox, helpdesk};

/// 1.0.0 is released and went to production; 1.1.0 is released and waits.
fn begin() -> (Sandbox, Served, TempDir) {
    let data = TempDir::new().unwrap();
    let server = Served::start(data.path());
    let sandbox = helpdesk(&format!("http://127.0.0.1:{}", server.port));
    sandbox.run(&["-q", "release", "--set", "1.0.0"]).exits(0);
    sandbox.run(&["-q", "deploy", "production", "--", "true"]).exits(0);
    sandbox.file("kpi", "1");
    sandbox.commit("feat(kpi): tickets per hour");
    sandbox.run(&["-q", "release"]).exits(0);
    (sandbox, server, data)
}

#[test]
fn a_release_that_may_go_passes_every_check() {
    let (sandbox, server, _data) = begin();
    let short = sandbox.git(&["rev-parse", "--short=7", "v1.0.0^{commit}"]);
    let lines = format!(
        "ok    debug prints  none is new\n\
         ok    secrets       no tracked file has the name of a secret, of 3 files\n\
         ok    dependencies  no manifest changed without its lock file\n\
         ok    version       VERSION.txt, tag and CHANGELOG.md agree on 1.1.0\n\
         ok    messages      2 commits read\n\
         ok    compare       2 commits ahead of production\n\
         warn  backup        no backup command for production; name one as `backup` of the environment\n\
         ok    artifact      1.0.0 ({short}) can be checked out\n\
         ok    can-deploy    no hold, no lock, no freeze\n\
         ok    rollback      1.0.0 ({short}) is ready\n\
         skip  users told    confirm with `--confirm users-told`"
    );
    sandbox.run(&["preflight", "production"]).says(0, &lines, "0 failed, 1 warning");
    let document = sandbox.run(&["preflight", "production", "--json"]).json(0);
    assert_eq!((&document["failed"], &document["warnings"]), (&json!(0), &json!(1)));
    assert_eq!(
        document["lines"][5],
        json!({ "level": "ok", "check": "compare", "text": "2 commits ahead of production", "mend": null })
    );
    drop(server);
    let old = lines.lines().take(9).collect::<Vec<_>>().join("\n");
    sandbox.run(&["preflight", "production"]).says(
        0,
        &format!(
            "registry unreachable, answer of [..] s ago\n{old}\n\
             skip  rollback      cannot reach `[REGISTRY]`: Connection refused (os error 111)\n\
             skip  users told    confirm with `--confirm users-told`"
        ),
        "0 failed, 1 warning",
    );
}

#[test]
fn what_fails_has_its_mend() {
    let (sandbox, _server, _data) = begin();
    sandbox.file(".env", "TOKEN=x").file("VERSION.txt", "1.0.0\n");
    sandbox.commit("oops");
    sandbox.run(&["hold", "set", "production", "--kind", "freeze", "--reason", "audit"]).exits(0);
    sandbox.run(&["preflight", "production"]).says(
        1,
        "ok    debug prints  none is new\n\
         FAIL  secrets       .env is tracked; take it out with `git rm --cached`, and replace the secret: the \
         history keeps it\n\
         ok    dependencies  no manifest changed without its lock file\n\
         FAIL  version       VERSION.txt says 1.0.0, below the release 1.1.0; run `shipmark bump --set` with the \
         release's version\n\
         FAIL  version       CHANGELOG.md begins with 1.1.0, VERSION.txt says 1.0.0; let `shipmark release` write \
         both\n\
         warn  messages      1 of 3 commits not conventional: oops; see why with `shipmark lint`\n\
         ok    compare       3 commits ahead of production\n\
         warn  backup        no backup command for production; name one as `backup` of the environment\n\
         ok    artifact      1.0.0 ([..]) can be checked out\n\
         FAIL  can-deploy    production is frozen: audit; lift it with `shipmark hold lift production --kind \
         freeze --reason TEXT`\n\
         ok    rollback      1.0.0 ([..]) is ready\n\
         skip  users told    confirm with `--confirm users-told`",
        "4 failed, 2 warnings",
    );
}

#[test]
fn commits_that_would_be_taken_back_are_a_failure() {
    let (sandbox, _server, _data) = begin();
    sandbox.run(&["-q", "deploy", "production", "--", "true"]).exits(0);
    sandbox.git(&["checkout", "--quiet", "v1.0.0"]);
    let told = sandbox.run(&["preflight", "production"]).exits(1).to_owned();
    let line = "\nFAIL  compare       2 commits of production would be taken back; see them with `shipmark compare \
                production`\n";
    assert!(told.contains(line), "{told}");
    sandbox.git(&["checkout", "--quiet", "main"]);
    let first = sandbox.run(&["preflight", "staging"]).exits(0).to_owned();
    assert!(
        first.contains("\nwarn  compare       nothing to compare with is recorded on staging\n"),
        "{first}"
    );
    assert!(first.contains("\nwarn  rollback      staging has no good version yet\n"), "{first}");
}

#[test]
fn commands_run_once_they_are_trusted_and_what_is_new_is_looked_at() {
    let (sandbox, _server, _data) = begin();
    sandbox.file(
        "shipmark.toml",
        "[[preflight.check]]\nname = \"tests\"\ncommand = [\"sh\", \"-c\", \"exit 0\"]\n\
         [[preflight.check]]\nname = \"style\"\ncommand = [\"sh\", \"-c\", \"echo 'two spaces' >&2; exit 3\"]\n\
         [preflight]\nallow = [\"examples/*\"]\n\
         [environments.production]\nbackup = [\"sh\", \"-c\", \"echo saved >backup\"]\n",
    );
    sandbox.file("Cargo.lock", "").file("kpi.rs", "fn f() {\n    dbg!(1);\n}\n");
    sandbox.file("Cargo.toml", "").file("examples/a.rs", "dbg!(2);\n");
    sandbox.commit("feat: look closer");
    sandbox.run(&["-q", "deploy", "staging", "--", "true"]).exits(0);
    sandbox
        .file("Cargo.toml", "[package]\n")
        .file("more.rs", "dbg!(3);\n")
        .file("examples/b.rs", "dbg!(4);\n");
    sandbox.commit("feat: more");
    let keys = "`environments.production.backup`, `preflight.check[0].command`, `preflight.check[1].command`";
    sandbox.run(&["preflight", "staging"]).says(
        3,
        "",
        &format!(
            "error: the commands of this repository are not allowed: {keys}\n\
             hint: look at them with `shipmark config trust --show`, then allow them with `shipmark config trust`"
        ),
    );
    sandbox.run(&["config", "trust"]).exits(0);
    let told = sandbox.run(&["preflight", "staging", "--confirm", "users-told"]).exits(1).to_owned();
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("ok    tests         sh -c 'exit 0'   0."), "{told}");
    assert!(
        lines[1].starts_with("FAIL  style         sh -c ") && lines[1].ends_with("exit status 3: two spaces"),
        "{told}"
    );
    assert_eq!(
        lines[2],
        "FAIL  debug prints  more.rs:1 dbg!(3); remove it, or allow it by `preflight.allow`"
    );
    assert_eq!(lines[4], "warn  dependencies  Cargo.toml changed without its lock file");
    assert_eq!(lines.last().unwrap(), &"ok    users told    confirmed");
    assert!(!told.contains("backup") && !sandbox.path("backup").exists(), "{told}");
    let told = sandbox.run(&["preflight", "production"]).exits(1).to_owned();
    assert!(told.contains("\nok    backup        sh -c 'echo saved >backup'   0."), "{told}");
    assert!(told.contains("debug prints  kpi.rs:2 dbg!(1);"), "{told}");
    assert_eq!(sandbox.read("backup"), "saved\n");
}

#[test]
fn variables_are_compared_by_name_and_what_runs_can_be_had() {
    let (sandbox, _server, _data) = begin();
    sandbox.file(".env.example", "URL=\nTOKEN=\n# NOTE=\n");
    let toml = |lines: &str| {
        sandbox.file("shipmark.toml", &format!("[environments.production]\n{lines}"));
        sandbox.run(&["config", "trust"]).exits(0);
    };
    let lines = |check: &str, status: i32| {
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "--quiet", "--allow-empty", "-m", "chore: variables"]);
        let document = sandbox.run(&["preflight", "production", "--json"]).json(status);
        let all = document["lines"].as_array().unwrap().clone();
        let own = all.iter().filter(|line| line["check"] == check);
        own.map(|line| format!("{} {}", line["level"].as_str().unwrap(), line["text"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("variables", 0), ["skip no file of variables is known for production"]);
    toml(
        "env_file = \"production.vars\"\nartifact = [\"sh\", \"-c\", \"test $VERSION = 1.0.0 && test ${#COMMIT} = 40\"]\n",
    );
    assert_eq!(lines("variables", 0), ["warn production.vars is not there"]);
    sandbox.file("production.vars", "export URL=http://secret\n");
    assert_eq!(lines("variables", 0), ["warn production.vars lacks TOKEN of .env.example"]);
    sandbox.file("production.vars", "export URL=http://secret\nTOKEN=x\nMORE=y\n");
    assert_eq!(lines("variables", 0), ["ok production.vars has the 2 names of .env.example"]);
    let artifact = lines("artifact", 0);
    assert!(artifact.len() == 1 && artifact[0].starts_with("ok sh -c"), "{artifact:?}");
    toml("artifact = [\"sh\", \"-c\", \"echo the image is gone; exit 1\"]\n");
    let artifact = lines("artifact", 1);
    assert!(artifact[0].starts_with("fail ") && artifact[0].contains("the image is gone"), "{artifact:?}");
}
