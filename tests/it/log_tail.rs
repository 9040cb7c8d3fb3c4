//! `deploy --log-tail`: the last lines of the command are recorded, and it is run as ever.

use serde_json::json;

use crate::support::{RegistryMock, SHORT, Sandbox, helpdesk};

const SCRIPT: &str = "echo one; echo two >&2; printf 'three\\033[0m\\r\\nfour'";
const ONE_PIPE: &str = "echo one; printf 'three\\033[0m\\r\\nfour'";

#[test]
fn the_last_lines_are_recorded_and_pass_through() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.run(&["deploy", "dev", "--log-tail", "2", "--", "sh", "-c", SCRIPT]).says(
        0,
        "one\nthree\u{1b}[0m\r\nfour",
        &format!(
            "dev  1.0.0 {SHORT}  ongoing    recorded as deployment 1\ntwo\ndev  1.0.0 {SHORT}  deployed   [..] s\n"
        ),
    );
    let [begin, end] = registry.reports().try_into().unwrap();
    assert!(begin.get("log_tail").is_none(), "{begin}");
    // Of two pipes nobody knows which was written to first.
    assert_eq!(end["log_tail"].as_array().unwrap().len(), 2, "{end}");
    sandbox.run(&["-q", "deploy", "dev", "--log-tail", "2", "--", "sh", "-c", ONE_PIPE]).exits(0);
    assert_eq!(registry.reports().pop().unwrap()["log_tail"], json!(["three\\u{1b}[0m", "four"]));
    // It is off where nobody asked for it.
    sandbox.run(&["-q", "deploy", "dev", "--", "sh", "-c", SCRIPT]).exits(0);
    assert!(registry.reports().last().unwrap().get("log_tail").is_none());
}

#[test]
fn no_secret_of_the_environment_is_recorded() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url())
        .var("SHIPMARK_TOKEN", "smk_canary+/=")
        .var("DB_PASSWORD", "hunter2hunter2")
        .var("DEPLOY_KEY", "-----BEGIN KEY-----\nsecond line of it\n-----END KEY-----")
        .var("SHORT_TOKEN", "abc");
    let script = "echo smk_canary+/= hunter2hunter2; echo smk_canary%2B%2F%3D; echo \"$DEPLOY_KEY\"; \
                  printf '%s' hunter2hunter2 | base64; echo abc";
    let arguments = ["-q", "deploy", "dev", "--log-tail", "9", "--", "sh", "-c", script];
    let outcome = sandbox.run(&arguments);
    assert!(outcome.exits(0).contains("hunter2hunter2"), "what the command says is not altered");
    let end = registry.reports().pop().unwrap();
    let lines: Vec<&str> =
        end["log_tail"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(&lines[..5], ["*** ***", "***", "***", "***", "***"]);
    assert!(!lines[5].contains("aHVudGVyMmh1bnRlc") && lines[6] == "abc", "{lines:?}");
}

#[test]
fn its_end_is_the_commands_own() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let run =
        |script: &str| sandbox.run(&["-q", "deploy", "dev", "--log-tail", "3", "--", "sh", "-c", script]);
    run("echo broken; exit 7").exits(7);
    assert_eq!(registry.reports().pop().unwrap()["log_tail"], json!(["broken"]));
    run("kill -TERM $$").exits(143);
    // What it leaves in the background holds the pipe open, and is not waited for.
    run("sleep 30 & echo started").exits(0);
    assert_eq!(registry.reports().pop().unwrap()["log_tail"], json!(["started"]));
    sandbox.run(&["-q", "deploy", "dev", "--log-tail", "3", "--", "no-such-program"]).exits(127);
    for bad in ["0", "101", "x"] {
        sandbox.run(&["deploy", "dev", "--log-tail", bad, "--", "true"]).exits(2);
    }
}

#[test]
fn a_registry_keeps_the_lines_with_the_event() {
    let data = tempfile::TempDir::new().unwrap();
    let server = crate::support::served::Served::start(data.path());
    let sandbox: Sandbox = helpdesk(&format!("http://127.0.0.1:{}/", server.port));
    sandbox.run(&["-q", "deploy", "dev", "--log-tail", "2", "--", "sh", "-c", "seq 5; exit 3"]).exits(3);
    let (status, events) = server.get("/api/v2/deployments/1/events");
    let events: serde_json::Value = serde_json::from_str(&events).unwrap();
    assert_eq!(status, 200);
    let notes: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| event["note"].clone()).collect();
    assert!(notes.contains(&json!("4\n5")), "{events}");
}
