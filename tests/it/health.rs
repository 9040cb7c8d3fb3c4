//! Whether the right program runs: `deploy` asks it until it does, and `status` shows what it says.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::program::{Program, Says};
use crate::support::served::Served;
use crate::support::{RegistryMock, SHORT, Sandbox, helpdesk, item};

struct Story {
    registry: RegistryMock,
    sandbox: Sandbox,
    program: Program,
}

impl Story {
    /// `dev` runs a program that gives these answers; `more` are further keys of its health.
    fn tell(answers: &[Says], more: &str) -> Self {
        let registry = RegistryMock::start();
        let program = Program::start(answers);
        let sandbox = helpdesk(&registry.url()).alias(&program.url(), "PROGRAM");
        let health = format!(
            "[environments.dev]\nurl = \"{}/app\"\nhealth = {{ url = \"/health\", version = \"/version\", {more} }}\n",
            program.url()
        );
        sandbox.file("shipmark.toml", &health);
        // The configuration is not part of the commit, so that the commit stays the one that is known.
        sandbox.git(&["config", "core.excludesFile", sandbox.path("shipmark.toml").to_str().unwrap()]);
        Self { registry, sandbox, program }
    }

    fn ends(&self, status: i32, end: &str) {
        let begin = format!("dev  1.0.0 {SHORT}  ongoing    recorded as deployment 1");
        self.sandbox.run(&["deploy", "dev", "--", "true"]).says(
            status,
            "",
            &format!("{begin}\ndev  1.0.0 {SHORT}  {end}"),
        );
    }

    fn recorded(&self) -> String {
        self.registry.effects().pop().unwrap()
    }
}

/// Time enough for a busy machine where the answer is good at once, and little where it never is.
const COMMIT: &str = "commit = \"/commit\", within = \"60s\", stable = 1";
const VERSION: &str = "within = \"60s\", stable = 1";
const QUICK: &str = "within = \"1s\", stable = 1";
const QUICK_COMMIT: &str = "commit = \"/commit\", within = \"1s\", stable = 1";

#[test]
fn the_commit_or_the_version_confirms_a_deployment() {
    let right = Says::json(&json!({ "version": "v1.0.0+x", "commit": SHORT }));
    let story = Story::tell(std::slice::from_ref(&right), COMMIT);
    story.ends(0, "deployed   [..] s, confirmed by commit after [..] s");
    assert_eq!(
        (story.recorded().as_str(), story.program.asked()),
        ("dev 1.0.0 deployed", vec!["/health".to_owned()])
    );
    let story = Story::tell(&[right], VERSION);
    story.ends(0, "deployed   [..] s, confirmed by version after [..] s");
    let outcome = story.sandbox.run(&["--json", "deploy", "dev", "--", "true"]);
    outcome.exits(0);
    let record: Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((&record["health"]["good"], &record["health"]["proof"]), (&json!(true), &json!("version")));
    let odd = Says::json(&json!({ "version": "0.9.0", "commit": SHORT }));
    let story = Story::tell(&[odd], COMMIT);
    story.ends(
        0,
        "deployed   [..] s, confirmed by commit after [..] s\n\
         warning: it runs the right commit and calls itself `0.9.0`, not `1.0.0`",
    );
}

#[test]
fn the_old_version_is_waited_out() {
    let says = |version: &str| Says::json(&json!({ "version": version }));
    let story = Story::tell(&[says("0.9.0"), says("1.0.0")], "within = \"60s\", stable = 2");
    story.ends(0, "deployed   [..] s, confirmed by version after [..] s (1 answer was still 0.9.0)");
    assert_eq!(story.program.asked().len(), 3);
}

#[test]
fn what_is_not_confirmed_has_failed() {
    let says = |value: Value| Says::json(&value);
    let html = Says(200, String::new(), "<html>".to_owned());
    for (answer, more, reason) in [
        (says(json!({ "version": "0.9.0" })), QUICK, "it is still 0.9.0"),
        (Says(503, String::new(), String::new()), QUICK, "it answered 503"),
        (html, QUICK, "its answer is not JSON"),
        (says(json!({ "version": "1.0.0", "commit": "9054631" })), QUICK_COMMIT, "it is still 1.0.0"),
        (
            says(json!({ "version": "1.0.0", "environment": "staging" })),
            "environment = \"/environment\", within = \"1s\", stable = 1",
            "it says that it is `staging`",
        ),
        (
            says(json!({ "version": "1.0.0" })),
            "within = \"1s\", stable = 9",
            "only 1 of 9 good answers in a row",
        ),
        (
            Says(200, String::new(), "x".repeat(65_537)),
            QUICK,
            "the answer of `[PROGRAM]` is larger than 65536 bytes",
        ),
    ] {
        let story = Story::tell(&[answer], more);
        story.ends(1, &format!("failed     [..] s, not confirmed within 1 s: {reason}"));
        assert_eq!(story.recorded(), "dev 1.0.0 failed");
    }
}

#[test]
fn a_redirect_is_followed_on_the_same_origin_only() {
    let moved = |to: &str| Says(302, format!("location: {to}\r\n"), String::new());
    let right = Says::json(&json!({ "version": "1.0.0" }));
    let story = Story::tell(&[moved("/app/health"), right.clone()], VERSION);
    story.ends(0, "deployed   [..] s, confirmed by version after [..] s");
    assert_eq!(story.program.asked(), ["/health", "/app/health"]);
    let other = Program::start(&[right]);
    let story = Story::tell(&[moved(&other.url())], QUICK);
    story.ends(
        1,
        &format!(
            "failed     [..] s, not confirmed within 1 s: it redirects to another origin, `{}`",
            other.url()
        ),
    );
    assert!(other.asked().is_empty());
    let story = Story::tell(&[moved("/health")], QUICK);
    story.ends(1, "failed     [..] s, not confirmed within 1 s: it redirects more than 3 times");
}

#[test]
fn a_program_that_says_nothing_of_itself_is_reachable_and_no_more() {
    let story = Story::tell(&[Says(204, String::new(), String::new())], VERSION);
    let file = story.sandbox.read("shipmark.toml").replace("version = \"/version\",", "");
    story.sandbox.file("shipmark.toml", &file);
    story.ends(0, "deployed   [..] s, reachable after [..] s, version unproved");
}

#[test]
fn a_command_that_failed_is_not_followed_by_a_question() {
    let story = Story::tell(&[Says(503, String::new(), String::new())], QUICK);
    story.sandbox.run(&["-q", "deploy", "dev", "--", "sh", "-c", "exit 3"]).exits(3);
    story.sandbox.run(&["-q", "deploy", "qa", "--", "true"]).exits(0);
    assert!(story.program.asked().is_empty());
}

#[test]
fn a_signal_ends_the_wait_and_the_deployment_is_recorded() {
    let story = Story::tell(&[Says(503, String::new(), String::new())], "within = \"60s\"");
    let running = story.sandbox.start(&["deploy", "dev", "--", "true"]);
    while story.program.asked().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    running.signal(Signal::TERM);
    running.finish().says(
        143,
        "",
        &format!(
            "dev  1.0.0 {SHORT}  ongoing    recorded as deployment 1\n\
             dev  1.0.0 {SHORT}  deployed   [..] s, not verified: interrupted"
        ),
    );
    assert_eq!(story.recorded(), "dev 1.0.0 deployed");
}

#[test]
fn status_sets_what_runs_against_what_is_recorded() {
    let says = |version: &str, commit: &str| Says::json(&json!({ "version": version, "commit": commit }));
    let story = Story::tell(&[says("1.0.0", SHORT)], COMMIT);
    let head = story.sandbox.git(&["rev-parse", "HEAD"]);
    let failing = item("helpdesk", "dev", "1.0.0", Some(&head), Some("1.1.0"));
    let good = item("helpdesk", "dev", "1.0.0", Some(&head), None);
    story.registry.set_current(&json!([good, item("other", "dev", "1.0.0", None, None)]));
    let table = |line: &str| {
        format!(
            "APP       dev\nhelpdesk  1.0.0  {SHORT}\n          [..] d{line}\n          local is the same\n\
             other     1.0.0\n          [..] d\nlocal     1.0.0  {SHORT}  main, clean"
        )
    };
    let sentence =
        |end: &str| format!("helpdesk 1.0.0 ({SHORT}) since 2025-10-10 08:45:12 UTC ([..] d){end}");
    for (answer, cell, one, verdict) in [
        (says("1.0.0", SHORT), ", confirmed", "   confirmed", "confirmed"),
        (says("0.9.0", "9054631aa"), ", DRIFT: runs 9054631", "   DRIFT: runs 9054631", "drift"),
        (
            Says(503, String::new(), String::new()),
            ", unverified",
            "   unverified: it answered 503",
            "unverified",
        ),
    ] {
        story.program.changes_to(answer);
        story.sandbox.run(&["status"]).says(0, &table(cell), "");
        story.sandbox.run(&["status", "dev"]).says(0, &sentence(one), "");
        let document = story.sandbox.run(&["status", "--json"]).json(0);
        assert_eq!(document["items"][0]["seen"]["verdict"], json!(verdict));
        assert_eq!(document["items"][1]["seen"], Value::Null);
    }
    story.sandbox.run(&["status", "--no-probe"]).says(0, &table(""), "");
    story.registry.set_current(&json!([failing]));
    story.program.changes_to(says("1.0.0", SHORT));
    story.sandbox.run(&["status", "dev"]).says(
        0,
        &sentence("; newest attempt 1.1.0 failed, [..] d ago   confirmed"),
        "",
    );
}

#[test]
fn what_nobody_reported_is_told_apart_by_the_history() {
    let data = tempfile::TempDir::new().unwrap();
    let server = Served::start(data.path());
    let story = Story::tell(&[Says::json(&json!({ "version": "1.0.0", "commit": SHORT }))], COMMIT);
    let sandbox = story.sandbox.var("SHIPMARK_REGISTRY_URL", &format!("http://127.0.0.1:{}", server.port));
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).exits(0);
    let second = sandbox.commit("feat: more");
    sandbox.run(&["-q", "report", "dev", "--status", "deployed"]).exits(0);
    let said =
        |verdict: &str| format!("helpdesk 1.0.0 ({}) since [..] UTC ([..] s)   {verdict}", &second[..7]);
    sandbox.run(&["status", "dev"]).says(0, &said(&format!("DRIFT: runs {SHORT}")), "");
    story.program.changes_to(Says::json(&json!({ "version": "1.0.0", "commit": "9054631" })));
    sandbox.run(&["status", "dev"]).says(0, &said("UNREPORTED: runs 9054631"), "");
}

#[test]
fn compare_says_where_the_record_is_not_what_runs() {
    let story = Story::tell(&[Says::json(&json!({ "version": "1.0.0", "commit": SHORT }))], COMMIT);
    let first = story.sandbox.git(&["rev-parse", "HEAD"]);
    story.sandbox.git(&["tag", "v1.0.0"]);
    story.registry.set_current(&json!([item("helpdesk", "dev", "1.0.0", Some(&first), None)]));
    story.sandbox.run(&["compare", "dev"]).says(
        0,
        &format!("SAME  local and dev are 1.0.0 ({SHORT}), recorded [..] d ago, confirmed"),
        "",
    );
    let second = story.sandbox.commit("docs: more");
    story.program.changes_to(Says::json(&json!({ "version": "1.0.0", "commit": second })));
    let ahead = format!(
        "local {} (1.0.0+1) is AHEAD of dev {SHORT} (1.0.0): 1 commit, 0 behind; it amounts to no bump",
        &second[..7]
    );
    let rest = "Other (1)  1 docs, oldest waiting [..]";
    let drift = format!("DRIFT  dev runs {}, not what is recorded", &second[..7]);
    story.sandbox.run(&["compare", "dev"]).says(
        0,
        &format!("{ahead}\n{drift}; local is 0 ahead of that and 0 behind\n{rest}"),
        "",
    );
    story.program.changes_to(Says::json(&json!({ "version": "1.0.0", "commit": "9054631" })));
    let unknown = drift.replace(&second[..7], "9054631");
    story.sandbox.run(&["compare", "dev"]).says(
        0,
        &format!("{ahead}\n{unknown}; that commit is not in this clone\n{rest}"),
        "",
    );
    let document = story.sandbox.run(&["compare", "dev", "--json"]).json(0);
    assert_eq!((&document["seen"][0]["verdict"], &document["seen"][1]), (&json!("drift"), &Value::Null));
    story.sandbox.run(&["compare", "dev", "--no-probe"]).says(0, &format!("{ahead}\n{rest}"), "");
}

#[test]
fn what_is_tried_after_a_deployment_decides_too() {
    let story = Story::tell(&[Says::json(&json!({ "version": "1.0.0" }))], VERSION);
    let sandbox = &story.sandbox;
    let health = sandbox.read("shipmark.toml");
    let begin = format!("dev  1.0.0 {SHORT}  ongoing    recorded as deployment [..]\ndev  1.0.0 {SHORT}");
    let proved = "confirmed by version after [..] s";
    let page = "[[environments.dev.verify]]\nurl = \"/login\"\n";
    let log = "[[environments.dev.verify]]\ncommand = [\"sh\", \"-c\", \"echo all is well\"]\nabsent = [\"ERROR\"]\n";
    for (verify, status, end) in [
        (format!("{page}contains = \"version\"\nmax_ms = 60000\n{log}"), 0, "2 checks passed".to_owned()),
        (
            format!("{page}contains = \"Sign in\"\n"),
            1,
            "check failed: `[PROGRAM]/login` does not say `Sign in`".to_owned(),
        ),
        (
            log.replace("all is well", "ERROR 7"),
            1,
            "check failed: `sh -c echo ERROR 7` says: ERROR 7".to_owned(),
        ),
    ] {
        sandbox.file("shipmark.toml", &format!("{health}{verify}"));
        sandbox.run(&["config", "trust"]).exits(0);
        let word = if status == 0 { "deployed " } else { "failed   " };
        sandbox.run(&["deploy", "dev", "--", "true"]).says(
            status,
            "",
            &format!("{begin}  {word}  [..] s, {proved}, {end}"),
        );
        assert_eq!(story.recorded(), format!("dev 1.0.0 {}", word.trim()));
    }
    // A command that nobody allowed is not tried, and that is said.
    sandbox.file("shipmark.toml", &format!("{health}{}", log.replace("well", "fine")));
    sandbox.run(&["deploy", "dev", "--", "true"]).says(
        0,
        "",
        &format!(
            "warning: a `verify` is not tried: the commands of this repository are not allowed: \
             `environments.dev.verify[0].command`\n{begin}  deployed   [..] s, {proved}"
        ),
    );
}
