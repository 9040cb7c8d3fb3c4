//! `env`: the variables of a deployment, in the quoting of whoever reads them.

use std::process::Command;

use serde_json::json;

use crate::support::{Sandbox, helpdesk};

/// A repository whose time stands still; no registry is asked.
fn sandbox() -> (Sandbox, String) {
    let sandbox = helpdesk("http://127.0.0.1:9").var("SOURCE_DATE_EPOCH", "1760085715");
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    (sandbox, head)
}

#[test]
fn the_variables_of_an_environment_are_printed_in_each_format() {
    let (sandbox, head) = sandbox();
    let lines = |before: &str| {
        [
            "VERSION=1.0.0",
            &format!("COMMIT={head}"),
            "BRANCH=main",
            "ENVIRONMENT=production",
            "BUILT_AT=2025-10-10T08:41:55Z",
            "DEPLOYED_AT=2025-10-10T08:41:55Z",
        ]
        .map(|line| format!("{before}{line}"))
        .join("\n")
    };
    sandbox.run(&["env", "production"]).says(0, &lines(""), "");
    sandbox.run(&["env", "production", "--format", "dotenv"]).says(0, &lines(""), "");
    sandbox.run(&["env", "production", "--format", "shell"]).says(0, &lines("export "), "");
    sandbox.run(&["env", "production", "--format", "docker"]).says(0, &lines("--build-arg "), "");
    sandbox.run(&["env", "production", "--format", "github"]).says(0, &lines(""), "");
    let document = json!({ "VERSION": "1.0.0", "COMMIT": head, "BRANCH": "main", "ENVIRONMENT": "production",
        "BUILT_AT": "2025-10-10T08:41:55Z", "DEPLOYED_AT": "2025-10-10T08:41:55Z" });
    for arguments in [&["--format", "json"][..], &["--json"], &["--json", "--format", "json"]] {
        assert_eq!(sandbox.run(&[&["env", "production"], arguments].concat()).json(0), document);
    }
}

#[test]
fn without_an_environment_nothing_is_deployed() {
    let (sandbox, head) = sandbox();
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    let said = format!("VERSION=1.0.0\nCOMMIT={head}\nBRANCH=\nENVIRONMENT=\nBUILT_AT=2025-10-10T08:41:55Z");
    sandbox.run(&["env"]).says(0, &said, "");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the shell is the reader under test")]
fn a_shell_reads_back_what_was_meant() {
    let (sandbox, _) = sandbox();
    let name = "it's $HOME `id` \"x\" #1";
    for format in ["shell", "dotenv"] {
        let lines = sandbox.run(&["env", name, "--format", format]).exits(0).to_owned();
        let script = format!("{lines}\nprintf %s \"$ENVIRONMENT\"");
        let shell = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(shell.stdout).unwrap(), name, "{format}: {lines}");
    }
}

#[test]
fn deploy_passes_what_env_prints() {
    let (sandbox, head) = sandbox();
    let printed = sandbox.run(&["env", "dev"]).exits(0).to_owned();
    let command =
        ["-q", "deploy", "dev", "--", "sh", "-c", "echo $VERSION $COMMIT $BRANCH $ENVIRONMENT $BUILT_AT"];
    let passed = sandbox.run(&command).exits(0).to_owned();
    assert_eq!(passed, format!("1.0.0 {head} main dev 2025-10-10T08:41:55Z\n"));
    for word in passed.split_whitespace() {
        assert!(printed.contains(&format!("={word}\n")), "{word} is not in {printed}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let (sandbox, _) = sandbox();
    sandbox.run(&["env", "--json", "--format", "shell"]).says(
        2,
        "",
        "error: `--json` and another `--format` are asked for at once\nhint: leave one of them out",
    );
    sandbox.run(&["env", ""]).says(
        2,
        "",
        "error: the environment `` is not 1 to 100 characters without control characters\nhint: choose another name",
    );
    Sandbox::empty().run(&["env"]).says(
        4,
        "",
        "error: `[ROOT]/helpdesk` is not inside a git repository\n\
         hint: run it inside a repository, or name one with `--repo PATH`",
    );
}
