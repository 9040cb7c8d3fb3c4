//! The outbox against a registry that fails, lies or is not there: exactly once, in order, nothing lost.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::{KEPT, RegistryMock, Reply, SHORT, Sandbox, down, helpdesk};

#[test]
fn a_registry_that_is_down_stops_nothing_and_gets_everything_once_and_in_order() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    let reason = "cannot reach `[REGISTRY]`: Connection refused (os error 111)";
    sandbox.run(&["deploy", "production", "--", "echo", "done"]).says(
        0,
        "done",
        &format!(
            "warning: nothing is known of holds: {reason}\n\
             production  1.0.0 {SHORT}  ongoing\n\
             warning: `ongoing` is not delivered: {reason}; {KEPT}\n\
             production  1.0.0 {SHORT}  deployed   [..] s\n\
             warning: `deployed` is not delivered: {reason}; {KEPT}"
        ),
    );
    sandbox.run(&["-q", "report", "staging", "--status", "running"]).exits(0);
    sandbox.run(&["outbox", "list"]).says(
        0,
        &format!(
            "waiting  [..]  production helpdesk 1.0.0 ongoing, [..] s old, tries: [..]: {reason}\n\
             waiting  [..]  production helpdesk 1.0.0 deployed, [..] s old, tries: 0: not tried yet\n\
             waiting  [..]  staging helpdesk 1.0.0 running, [..] s old, tries: 0: not tried yet"
        ),
        "",
    );
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["report", "staging", "--status", "failed"]).says(
        0,
        "staging  1.0.0  failed, recorded as deployment 2",
        "",
    );
    let all = [
        "production 1.0.0 ongoing",
        "production 1.0.0 deployed",
        "staging 1.0.0 running",
        "staging 1.0.0 failed",
    ];
    assert_eq!(registry.effects(), all);
    sandbox.run(&["outbox", "flush"]).says(0, "", "nothing to send");
    assert_eq!(registry.requests().len(), 4);
}

#[test]
fn a_lost_answer_is_asked_for_again_and_has_one_effect() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    registry.reply(Reply::Swallowed);
    let outcome = sandbox.run(&["report", "dev", "--status", "deployed", "--require-report"]);
    outcome.says(6, "dev  1.0.0  deployed", &format!("warning: `deployed` is not delivered: [..]; {KEPT}"));
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  dev helpdesk 1.0.0 deployed, deployment 1", "");
    assert_eq!(registry.effects(), ["dev 1.0.0 deployed"]);
    assert_eq!(registry.requests().len(), 2);
}

#[test]
fn a_report_that_waits_holds_back_only_its_own_target() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    registry.reply(Reply::Is(503, "text/plain", "retry-after: 100\r\n", String::new()));
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).says(
        0,
        "",
        &format!(
            "warning: `ongoing` is not delivered: 503; {KEPT}\nwarning: `deployed` is not delivered: 503; {KEPT}"
        ),
    );
    sandbox.run(&["-q", "report", "staging", "--status", "deployed"]).exits(0);
    assert_eq!(registry.effects(), ["staging 1.0.0 deployed"]);
    sandbox.run(&["outbox", "flush"]).says(
        7,
        "kept       dev helpdesk 1.0.0 ongoing: 503",
        "warning: 2 reports wait still; see `shipmark outbox list`",
    );
}

#[test]
fn a_refused_report_is_put_away_with_its_reason() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let body = json!({ "title": "invalid report", "detail": "the version is new \u{1b}[31mand red",
        "errors": [{ "pointer": "/version", "detail": "is no version" }] });
    registry.reply(Reply::problem(422, &body));
    let reason = "422: invalid report; the version is new \\u{1b}[31mand red; /version is no version";
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        7,
        "",
        &format!(
            "error: the registry refused the report: {reason}\nhint: see it with `shipmark outbox list`"
        ),
    );
    let list = format!("dead     [..]  dev helpdesk 1.0.0 deployed, [..] s old, tries: 0: {reason}");
    sandbox.run(&["outbox", "list"]).says(1, &list, "");
    let document = sandbox.run(&["--json", "outbox", "list"]).json(1);
    let id = document["dead"][0]["id"].as_str().unwrap();
    sandbox.run(&["outbox", "drop", id]).says(0, &format!("dropped {id}"), "");
    sandbox.run(&["outbox", "drop", id]).says(
        2,
        "",
        &format!(
            "error: no report in the outbox has an id that begins with `{id}`\nhint: see the ids with `shipmark outbox list`"
        ),
    );
    sandbox.run(&["outbox", "list"]).says(0, "", "the outbox is empty");
}

#[test]
fn a_damaged_file_is_put_away_and_the_rest_is_sent() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.run(&["-q", "report", "dev", "--status", "running"]).exits(0);
    sandbox.run(&["-q", "report", "staging", "--status", "running"]).exits(0);
    let names = sandbox.names(".git/shipmark/outbox/new");
    sandbox.file(&format!(".git/shipmark/outbox/new/{}", names[0]), "{\"registry\":");
    sandbox.file(".git/shipmark/outbox/new/stray", "");
    sandbox.run(&["-q", "--json", "outbox", "list"]).exits(1);
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  staging helpdesk 1.0.0 running, deployment 1", "");
    assert_eq!(registry.effects(), ["staging 1.0.0 running"]);
    sandbox.run(&["outbox", "list"]).says(
        1,
        "dead     [..]  unreadable: it is damaged: EOF while parsing a value at line 1 column 12\n\
         dead     stray  unreadable: its name is not one of the outbox",
        "",
    );
}

#[test]
fn what_a_dead_sender_took_goes_back_to_the_queue() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.run(&["-q", "report", "dev", "--status", "running"]).exits(0);
    let outbox = sandbox.path(".git/shipmark/outbox");
    let name = &sandbox.names(".git/shipmark/outbox/new")[0];
    std::fs::rename(outbox.join("new").join(name), outbox.join("cur").join(name)).unwrap();
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  dev helpdesk 1.0.0 running, deployment 1", "");
    assert_eq!(registry.effects(), ["dev 1.0.0 running"]);
}

#[test]
fn a_token_goes_only_to_its_registry_and_stays_out_of_sight() {
    let registry = RegistryMock::start();
    let secret = "smk_secret_word";
    let sandbox = helpdesk(&registry.url()).var("SHIPMARK_TOKEN", secret);
    registry.reply(Reply::problem(401, &json!({ "title": format!("{secret} is expired") })));
    let outcome = sandbox.run(&["report", "dev", "--status", "deployed"]);
    outcome.says(
        0,
        "dev  1.0.0  deployed",
        &format!("warning: `deployed` is not delivered: 401: *** is expired; {KEPT}"),
    );
    assert_eq!(registry.requests()[0].authorization.as_deref(), Some("Bearer smk_secret_word"));
    let name = sandbox.names(".git/shipmark/outbox/new").remove(0);
    assert!(!sandbox.read(&format!(".git/shipmark/outbox/new/{name}")).contains("secret"));
    for (path, mode) in [("", 0o700), ("/new", 0o700), (&format!("/new/{name}"), 0o600)] {
        let found = std::fs::metadata(sandbox.path(&format!(".git/shipmark/outbox{path}"))).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
    }
    sandbox.run(&["-q", "outbox", "flush"]).exits(0);

    let named_by_file = Sandbox::repository().var("SHIPMARK_TOKEN", secret);
    named_by_file.file("VERSION.txt", "1.0.0");
    named_by_file.file("shipmark.toml", &format!("[registry]\nurl = \"{}\"\n", registry.url()));
    named_by_file.commit("feat: begin");
    named_by_file.run(&["report", "dev", "--status", "deployed"]).says(
        0,
        "dev  1.0.0  deployed, recorded as deployment 2",
        "warning: `SHIPMARK_TOKEN` is not sent, since only the repository names this registry; set `SHIPMARK_REGISTRY_URL` to trust it",
    );
    assert_eq!(registry.requests().last().unwrap().authorization, None);
}

#[test]
fn a_redirect_is_not_followed_and_a_flood_is_cut_off() {
    let registry = RegistryMock::start();
    let elsewhere = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let location = format!("location: {}/api/v2/deployments\r\n", elsewhere.url());
    registry.reply(Reply::Is(307, "text/html", location.leak(), String::new()));
    registry.reply(Reply::Is(200, "application/json", "", " ".repeat(300 * 1024)));
    for reason in [
        "307, a redirect, which is not followed: it could carry a token away",
        "the answer of `[REGISTRY]` is larger than 262144 bytes",
    ] {
        sandbox.run(&["report", "dev", "--status", "deployed"]).says(
            7,
            "",
            &format!(
                "error: the registry refused the report: {reason}\nhint: see it with `shipmark outbox list`"
            ),
        );
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn many_senders_at_once_deliver_each_report_once() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    let reports: Vec<_> = (0..6)
        .map(|number| sandbox.start(&["-q", "report", &format!("env{}", number % 2), "--status", "deployed"]))
        .collect();
    for report in reports {
        report.finish().exits(0);
    }
    let registry = RegistryMock::start_at(port);
    let flushes: Vec<_> = (0..3).map(|_| sandbox.start(&["outbox", "flush"])).collect();
    for flush in flushes {
        flush.finish().exits(0);
    }
    assert_eq!((registry.effects().len(), registry.requests().len()), (6, 6));
    sandbox.run(&["outbox", "list"]).says(0, "", "the outbox is empty");
}

#[test]
fn a_question_takes_along_what_is_due() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.run(&["-q", "report", "dev", "--status", "deployed"]).exits(0);
    let file = format!(".git/shipmark/outbox/new/{}", sandbox.names(".git/shipmark/outbox/new")[0]);
    let mut parcel: serde_json::Value = serde_json::from_str(&sandbox.read(&file)).unwrap();
    assert!(parcel["next_at"].as_i64().unwrap() > 0);
    parcel["next_at"] = json!(0);
    sandbox.file(&file, &parcel.to_string());
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["status", "dev"]).says(
        0,
        "helpdesk is not recorded on dev",
        "delivered from the outbox: 1",
    );
    assert_eq!(registry.effects(), ["dev 1.0.0 deployed"]);
}

#[test]
fn a_report_goes_to_the_registry_that_it_was_meant_for() {
    let (port, url) = down();
    let sandbox = helpdesk(&url).var("SHIPMARK_TOKEN", "smk_secret");
    sandbox.run(&["-q", "report", "dev", "--status", "deployed"]).exits(0);
    let (old, new) = (RegistryMock::start_at(port), RegistryMock::start());
    let sandbox = sandbox.var("SHIPMARK_REGISTRY_URL", &new.url());
    sandbox.run(&["-q", "report", "dev", "--status", "deployed"]).exits(0);
    assert!(old.requests().is_empty());
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  dev helpdesk 1.0.0 deployed, deployment 1", "");
    assert_eq!((old.effects().len(), new.effects().len()), (1, 1));
    assert_eq!(old.requests()[0].authorization, None);
    assert_eq!(new.requests()[0].authorization.as_deref(), Some("Bearer smk_secret"));
}

#[test]
fn a_token_may_lie_in_a_file_that_is_closed_to_others() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url()).var("SHIPMARK_TOKEN_FILE", "token");
    let report = ["report", "dev", "--status", "deployed"];
    sandbox.run(&report).says(
        3,
        "",
        "error: `SHIPMARK_TOKEN_FILE` names `[ROOT]/helpdesk/token`, which is not there\n\
         hint: set `SHIPMARK_TOKEN_FILE` to a file that you can read",
    );
    sandbox.file("token", "smk_in_a_file\n");
    let mode = |mode| {
        std::fs::set_permissions(sandbox.path("token"), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o640);
    sandbox.run(&report).says(
        3,
        "",
        "error: the token file `[ROOT]/helpdesk/token` can be read by others\n\
         hint: close it to others: chmod 600 [ROOT]/helpdesk/token",
    );
    mode(0o600);
    sandbox.run(&report).says(0, "dev  1.0.0  deployed, recorded as deployment 1", "");
    assert_eq!(registry.requests()[0].authorization.as_deref(), Some("Bearer smk_in_a_file"));
    sandbox.file("token", "two words\n");
    sandbox.run(&report).says(
        3,
        "",
        "error: `token` holds no token: it is not one word of visible ASCII characters\n\
         hint: set it to what `shipmark token create` printed",
    );
}

#[test]
fn a_report_that_can_neither_be_kept_nor_sent_is_an_error() {
    let (_, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.file(".git/shipmark/outbox", "in the way");
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        74,
        "",
        "error: the report is lost: cannot create `[ROOT]/helpdesk/.git/shipmark/outbox/tmp`: Not a directory (os \
         error 20); cannot reach `[REGISTRY]`: Connection refused (os error 111)\n\
         hint: mend that, then report it again",
    );
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).exits(0);
}
