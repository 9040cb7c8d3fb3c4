//! `dora` against a real registry, with deployments that are dated back.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::served::Served;
use crate::support::{Sandbox, helpdesk};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

struct Story {
    sandbox: Sandbox,
    server: Served,
    now: i64,
    _data: TempDir,
}

impl Story {
    fn tell() -> Self {
        let data = TempDir::new().unwrap();
        let server = Served::start(data.path());
        let sandbox = helpdesk(&format!("http://127.0.0.1:{}", server.port));
        Self { sandbox, server, now: jiff::Timestamp::now().as_millisecond(), _data: data }
    }

    /// Records an end that lies `ago` milliseconds back; returns the deployment's number.
    fn record(&self, version: &str, sha: &str, ago: i64, more: &Value) -> i64 {
        let mut report = json!({ "app": "helpdesk", "workload": "helpdesk", "platform": "production",
            "environment": "production", "version": version, "status": "deployed",
            "run_key": format!("{version} {ago}"), "seq": 1, "at": self.now - ago, "sha": sha });
        report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, body) =
            self.server.send("POST", "/api/v2/deployments", "application/json", &report.to_string());
        assert_eq!(status, 201, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["id"].as_i64().unwrap()
    }

    /// A commit that was written `ago` milliseconds back.
    fn commit(&self, message: &str, ago: i64) -> String {
        self.sandbox.commit_at(message, (self.now - ago) / 1_000)
    }
}

#[test]
fn a_few_deployments_are_measured_and_each_row_is_accounted_for() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    story.record("1.0.0", &first, 100 * DAY, &json!({}));
    let a = story.commit("feat: a (#7)", 12 * DAY);
    let before = story.record("1.1.0", &a, 10 * DAY, &json!({}));
    story.record("1.1.0", &a, 9 * DAY, &json!({}));
    let b = story.commit("feat: b", 9 * DAY);
    let bad = story.record("1.2.0", &b, 8 * DAY, &json!({}));
    let back = story.record("1.1.0", &a, 8 * DAY - HOUR, &json!({ "kind": "rollback", "rollback_of": bad }));
    story.commit("fix: b", 7 * DAY);
    sandbox.git(&["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    let side = story.commit("docs: b", 7 * DAY);
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.git(&["merge", "--quiet", "--no-edit", "side"]);
    let merged = sandbox.git(&["rev-parse", "HEAD"]);
    let good = story.record("1.2.1", &merged, 6 * DAY, &json!({}));
    let failed = story.record("1.3.0", &merged, 5 * DAY, &json!({ "status": "failed" }));
    let lost = story.record("1.3.0", "9f31c02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 4 * DAY, &json!({}));
    let incident = json!({ "app": "helpdesk", "platform": "production", "environment": "production",
        "title": "mail is late", "opened_at": story.now - 3 * DAY });
    let (status, _) =
        story.server.send("POST", "/api/v2/incidents", "application/json", &incident.to_string());
    assert_eq!(status, 201);
    // 1.1.0, 1.2.0, 1.1.0, 1.2.1, 1.3.0: five of the last 90 days. 1.0.0 is older.
    // Lead times: a 2 d; b 1 d; fix and docs of 1.2.1 each 1 d, since b was in 1.2.0. In hours 24, 24, 24, 48, of which
    // the place of 90 % is 0.9 · 3 = 2.7, so 24 + 0.7 · 24 = 40.8 h.
    sandbox.run(&["dora"]).says(
        0,
        &format!(
            "helpdesk on production, [..] to [..] (90 d)\n\
             deployment frequency   0.06 a day       5 deployments in 90 days; on 0 days of a week (median): medium (2023)\n\
             change lead time       not enough data  median of 4 commits, 90 % within 40 h 48 min\n\
             {:23}1 of them may be squashes (#), which are measured from the merge\n\
             change fail rate       40 %             2 of 5 deployments failed\n\
             recovery time          not enough data  median over 1 failure\n\
             {:23}deployment {lost} is open since 4 d\n\
             rework rate            20 %             1 of 5 deployments only to repair another\n\
             {:23}deployment {back} repairs {bad}\n\
             pipeline failure rate  14 %             1 of 7 runs failed\n\
             failed       {bad}  1.2.0  taken back by deployment {back}, over after 1 h 0 min\n\
             failed       {lost}  1.3.0  incident: mail is late, open since 4 d\n\
             left out     3  1.1.0  a redeployment of the same\n\
             left out     {back}  1.1.0  no new commit, so no lead time\n\
             left out     {failed}  1.3.0  it failed, so nothing was deployed\n\
             left out     {lost}  1.3.0  its commits are not known here, so no lead time",
            "", "", ""
        ),
        "",
    );
    let document = sandbox.run(&["dora", "production", "--days", "30", "--json"]).json(0);
    let found = &document["items"][0];
    assert_eq!((&found["frequency"]["n"], &found["history_whole"]), (&json!(5), &json!(true)));
    assert_eq!(found["metrics"][1]["value"], json!(0.4));
    assert_eq!(
        (&found["failures"][0]["rule"], &found["failures"][0]["recovered_after"]),
        (&json!("rollback"), &json!(HOUR))
    );
    // The deployment before the window decides what is in it and is not counted.
    assert_eq!((before, good), (2, 6));
    assert_ne!(side, merged);
}

#[test]
fn what_was_seen_wrong_soon_after_a_deployment_is_a_failure_of_it() {
    const MINUTE: i64 = 60_000;
    let story = Story::tell();
    let first = story.sandbox.git(&["rev-parse", "HEAD"]);
    story.record("1.0.0", &first, 2 * HOUR, &json!({}));
    let sha = story.commit("feat: a", 3 * HOUR);
    let bad = story.record("1.1.0", &sha, HOUR, &json!({}));
    let see = |version: &str, ago: i64| {
        let seen = json!({ "app": "helpdesk", "platform": "production", "environment": "production",
            "version": version, "seen_at": story.now - ago });
        let (status, body) =
            story.server.send("POST", "/api/v2/observations", "application/json", &seen.to_string());
        assert_eq!(status, 201, "{body}");
    };
    let failures = || {
        let document = story.sandbox.run(&["dora", "--json"]).json(0);
        document["items"][0]["failures"].clone()
    };
    // The program before it, for five minutes: a rollout may take that long.
    see("1.0.0", 59 * MINUTE);
    see("1.0.0", 54 * MINUTE);
    assert_eq!(failures(), json!([]));
    see("1.0.0", 53 * MINUTE);
    let found = failures();
    assert_eq!((&found[0]["deployment"], &found[0]["rule"]), (&json!(bad), &json!("probe")));
    assert_eq!(found[0]["recovered_after"], Value::Null);
    see("1.1.0", 50 * MINUTE);
    assert_eq!(failures()[0]["recovered_after"], json!(10 * MINUTE));
    let run = story.sandbox.run(&["dora"]);
    run.exits(0);
    let line = format!("failed    {bad:>4}  1.1.0  seen wrong after it, over after 10 min 0 s\n");
    assert!(run.stdout.contains(&line), "{}", run.stdout);
}

#[test]
fn what_has_nothing_to_measure_says_so() {
    let story = Story::tell();
    story.sandbox.run(&["dora"]).says(
        1,
        "",
        "error: helpdesk was deployed on no environment of the tier production",
    );
    story.sandbox.run(&["-q", "deploy", "qa", "--", "true"]).exits(0);
    story.sandbox.run(&["dora"]).says(
        1,
        "",
        "error: helpdesk was deployed on no environment of the tier production\n\
         hint: name one of these, or set its `tier`: qa",
    );
    story.sandbox.run(&["dora", "production"]).says(
        1,
        "",
        "error: helpdesk was never deployed on production",
    );
    story.sandbox.run(&["dora", "qa"]).says(
        0,
        "helpdesk on qa, [..] to [..] (90 d)\n\
         deployment frequency   not enough data  1 deployment in 90 days; on 0 days of a week (median)\n\
         change lead time       not enough data  median of 0 commits\n\
         change fail rate       not enough data  0 of 1 deployment failed\n\
         recovery time          not enough data  median over 0 failures\n\
         rework rate            not enough data  0 of 1 deployment only to repair another\n\
         pipeline failure rate  not enough data  0 of 1 run failed\n\
         left out     1  1.0.0  the first deployment, so no lead time",
        "",
    );
    story.sandbox.run(&["dora", "qa", "--days", "31"]).says(
        2,
        "",
        "error: invalid value '31' for '--days <DAYS>': it is 30, 90 or 180\n\n\
         For more information, try '--help'.",
    );
}
