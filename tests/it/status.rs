//! `status`: what is shown, with a registry and without.

use serde_json::{Value, json};

use crate::support::{RegistryMock, Sandbox, down, helpdesk, item};

#[test]
fn status_shows_what_runs_where_and_how_local_stands_to_it() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.file("shipmark.toml", "[environments.dev]\norder = 1\n[environments.staging]\norder = 2\n");
    let second = sandbox.commit("feat: columns in their order");
    sandbox.git(&["checkout", "--quiet", "-b", "side", &first]);
    let side = sandbox.commit("fix: elsewhere");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.git(&["tag", "v0.9.0", &first]);
    let foreign = "9f31c02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    registry.set_current(&json!([
        item("helpdesk", "production", "1.0.0", Some(&first), Some("1.1.0")),
        item("helpdesk", "staging", "1.0.0", Some(&side), None),
        item("helpdesk", "dev", "1.0.0", Some(&second), None),
        item("helpdesk", "tagged", "0.9.0", None, None),
        item("helpdesk", "lost", "0.8.0", Some(foreign), None),
        item("other\u{1b}[2J", "dev", "3.0.0", Some(foreign), None),
    ]));
    sandbox.run(&["status"]).says(
        0,
        &format!(
            "APP             dev                staging                      lost\n\
             helpdesk        1.0.0  {}     1.0.0  {}               0.8.0  9f31c02\n\
             {:16}[..] d{:14}[..] d{:24}[..] d\n\
             {:16}local is the same  DIVERGED: 1 ahead, 1 behind  local is unknown\n\
             {:16}1 ahead of 0.9.0   1 ahead of 0.9.0\n\
             other\\u{{1b}}[2J  3.0.0  9f31c02     –                            –\n\
             {:16}[..] d\n\
             APP             production           tagged\n\
             helpdesk        1.0.0  {}       0.9.0\n\
             {:16}[..] d{:16}[..] d\n\
             {:16}1.1.0 failed, [..] d  local is 1 ahead\n\
             {:16}local is 1 ahead\n\
             other\\u{{1b}}[2J  –                    –\n\
             local           1.0.0  {}  main, clean\n\
             unknown: 9f31c02 is not in this clone, run git fetch",
            &second[..7],
            &side[..7],
            "",
            "",
            "",
            "",
            "",
            "",
            &first[..7],
            "",
            "",
            "",
            "",
            &second[..7]
        ),
        "",
    );
    document_says_the_same(&sandbox, &second);
}

fn document_says_the_same(sandbox: &Sandbox, second: &str) {
    let document = sandbox.run(&["status", "--json"]).json(0);
    assert_eq!(document["stale_seconds"], Value::Null);
    assert_eq!(
        document["local"],
        json!({ "version": "1.0.0", "sha": second, "branch": "main", "dirty": false })
    );
    assert_eq!(document["items"][1]["local"], json!({ "verdict": "diverged", "ahead": 1, "behind": 1 }));
    assert_eq!(document["items"][5]["local"], Value::Null);
}

#[test]
fn status_of_one_environment_is_a_sentence() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let mut elsewhere = item("helpdesk", "dev", "1.0.0", None, None);
    elsewhere["platform"] = json!("eu");
    registry.set_current(&json!([
        item(
            "helpdesk",
            "production",
            "1.0.0",
            Some("764c119aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            Some("1.1.0")
        ),
        item("helpdesk", "dev", "1.0.0", None, None),
        elsewhere,
    ]));
    sandbox.run(&["status", "production"]).says(
        0,
        "helpdesk 1.0.0 (764c119) since 2025-10-10 08:45:12 UTC ([..] d); newest attempt 1.1.0 failed, [..] d ago",
        "",
    );
    sandbox.run(&["status", "qa"]).says(0, "helpdesk is not recorded on qa", "");
    sandbox.run(&["status", "dev"]).says(
        2,
        "",
        "error: several platforms have an environment `dev`\nhint: name one: dev/dev, dev/eu",
    );
    sandbox.run(&["status", "dev/eu"]).says(0, "helpdesk 1.0.0 since 2025-10-10 08:45:12 UTC ([..] d)", "");
}

#[test]
fn without_the_registry_the_last_answer_is_shown_with_its_age() {
    let registry = RegistryMock::start();
    let url = registry.url();
    let sandbox = helpdesk(&url);
    registry.set_current(&json!([item("helpdesk", "dev", "1.0.0", None, None)]));
    sandbox.run(&["status", "dev"]).exits(0);
    drop(registry);
    sandbox.run(&["status", "dev"]).says(
        0,
        "registry unreachable, answer of [..] s ago\nhelpdesk 1.0.0 since 2025-10-10 08:45:12 UTC ([..] d)",
        "",
    );
    assert!(sandbox.run(&["status", "--json"]).json(0)["stale_seconds"].is_i64());
    let (_, never_seen) = down();
    let sandbox = sandbox.var("SHIPMARK_REGISTRY_URL", &never_seen).alias(&never_seen, "NEVER");
    sandbox.run(&["status"]).says(
        7,
        "",
        "error: cannot reach `[NEVER]`: Connection refused (os error 111)\n\
         hint: check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`",
    );
}

#[test]
fn status_works_outside_a_repository_and_before_anything_is_deployed() {
    let registry = RegistryMock::start();
    let sandbox = Sandbox::empty().var("SHIPMARK_REGISTRY_URL", &registry.url());
    sandbox.run(&["status"]).says(0, "nothing is recorded", "");
    registry.set_current(&json!([item("helpdesk", "dev", "1.0.0", None, None)]));
    sandbox.run(&["status"]).says(0, "APP       dev\nhelpdesk  1.0.0\n          [..] d", "");
    assert!(sandbox.path("../home/.local/state/shipmark/answers").exists());
    sandbox.run(&["report", "dev", "--status", "deployed", "--version", "1.0.0"]).says(
        2,
        "",
        "error: outside a repository nothing says which app is meant\nhint: name it with `--app NAME`",
    );
    let report = ["report", "dev", "--status", "deployed", "--version", "1.0.0", "--app", "helpdesk"];
    sandbox.run(&report).says(0, "dev  1.0.0  deployed, recorded as deployment 1", "");
    let sandbox = helpdesk(&registry.url());
    registry.set_current(&json!([]));
    sandbox.run(&["status"]).says(0, "nothing is recorded\nlocal     1.0.0  2a4aeb1  main, clean", "");
}

#[test]
fn what_is_no_registry_is_named() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&format!("{}/elsewhere", registry.url())).alias(&registry.url(), "HOST");
    sandbox.run(&["status"]).says(
        7,
        "",
        "error: `[REGISTRY]` answered 404: not found\n\
         hint: check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`",
    );
}

#[test]
fn each_environment_is_held_against_the_newest_release_that_it_accepts() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["tag", "v1.0.0", &first]);
    let candidate = sandbox.commit("feat: a candidate");
    sandbox.git(&["tag", "v1.1.0-rc.1", &candidate]);
    sandbox.git(&["checkout", "--quiet", "-b", "side", &first]);
    let side = sandbox.commit("fix: elsewhere");
    sandbox.git(&["checkout", "--quiet", "main"]);
    let mut empty = item("helpdesk", "qa", "1.0.0", Some(&first), Some("1.1.0-rc.1"));
    empty["recorded"] = Value::Null;
    registry.set_current(&json!([
        item("helpdesk", "dev", "1.0.0", Some(&first), None),
        item("helpdesk", "staging", "1.0.1", Some(&side), None),
        item("helpdesk", "production", "1.0.0", Some(&first), None),
        empty,
        item("other", "dev", "1.0.0", Some(&first), None),
    ]));
    let verdicts = || {
        let document = sandbox.run(&["status", "--json"]).json(0);
        let items = document["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| {
                format!("{} {}", item["intended"]["version"], item["intended"]["verdict"]).replace('"', "")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        verdicts(),
        ["1.1.0-rc.1 behind", "1.1.0-rc.1 diverged", "1.0.0 in_sync", "1.1.0-rc.1 empty", "null null"]
    );
    sandbox.run(&["status", "dev"]).says(
        0,
        &format!(
            "helpdesk 1.0.0 ({}) since 2025-10-10 08:45:12 UTC ([..] d), 1 behind 1.1.0-rc.1",
            &first[..7]
        ),
        "",
    );
    let coloured = sandbox.run(&["--color", "always", "status"]);
    let shown = coloured.exits(0);
    assert!(shown.contains("\u{1b}[33m1 behind 1.1.0-rc.1\u{1b}[0m"), "{shown:?}");
    let plain = sandbox.run(&["status"]);
    let plain = plain.exits(0);
    assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
}
