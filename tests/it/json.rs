//! With `--json` every command that answers prints one JSON document on stdout, and nothing else there.

use tempfile::TempDir;

use crate::support::served::Served;
use crate::support::{Remote, Sandbox};

/// A command line and the status it ends with; run one after the other in one repository.
const CALLS: [(&[&str], i32); 45] = [
    (&["init"], 0),
    (&["init"], 0),
    (&["hooks", "install"], 0),
    (&["hooks", "install", "--dry-run"], 0),
    (&["hooks", "status"], 0),
    (&["hooks", "uninstall"], 0),
    (&["hooks", "uninstall"], 0),
    (&["hooks", "status"], 1),
    (&["next"], 0),
    (&["changelog"], 0),
    (&["changelog", "--write"], 0),
    (&["bump", "--minor"], 0),
    (&["verify"], 0),
    (&["lint"], 0),
    (&["undo"], 4),
    (&["git", "checkout", "--quiet", "."], 0),
    (&["release", "--dry-run"], 0),
    (&["release"], 0),
    (&["undo"], 0),
    (&["release", "--push"], 0),
    (&["release"], 0),
    (&["tag"], 0),
    (&["env"], 0),
    (&["deploy", "dev", "--dry-run", "--", "true"], 0),
    (&["report", "dev", "--status", "deployed"], 0),
    (&["status"], 0),
    (&["where", "HEAD"], 0),
    (&["dora", "dev"], 0),
    (&["compare", "HEAD", "dev"], 0),
    (&["config", "trust", "--show"], 0),
    (&["config", "show"], 0),
    (&["note", "HEAD", "--ignore"], 0),
    (&["config", "schema"], 0),
    (&["rollback", "dev", "--dry-run", "--", "true"], 1),
    (&["hold", "set", "dev", "--kind", "freeze", "--reason", "audit"], 0),
    (&["hold", "list"], 0),
    (&["can-deploy", "dev"], 1),
    (&["preflight", "dev"], 1),
    (&["hold", "lift", "dev", "--reason", "done"], 0),
    (&["hold", "lift", "dev", "--reason", "done"], 0),
    (&["outbox", "list"], 0),
    (&["outbox", "flush"], 0),
    (&["token", "list"], 0),
    (&["backup", "../copy.db"], 0),
    (&["completions", "bash"], 0),
];

/// The commands that give no answer on stdout, and why.
const SILENT: [(&str, &str); 4] = [
    ("hook", "git calls it, and reads its status alone"),
    ("serve", "it runs until it is stopped, and logs JSON lines"),
    ("demo", "a story for people; it refuses `--json`"),
    ("ci", "it answers by the files of the runner"),
];

#[test]
fn every_command_answers_with_one_document() {
    let data = TempDir::new().unwrap();
    let registry = Served::start(data.path());
    let url = format!("http://127.0.0.1:{}/", registry.port);
    let sandbox = Sandbox::repository().var("SHIPMARK_REGISTRY_URL", &url);
    let _remote = Remote::of(&sandbox);
    sandbox.file("VERSION.txt", "0.1.0\n").file("CHANGELOG.md", "# Changelog\n").file("shipmark.toml", "");
    sandbox.commit("feat: begin");
    for (arguments, status) in CALLS {
        if let ["git", git @ ..] = arguments {
            sandbox.git(git);
            continue;
        }
        let told = sandbox.run(&[&["--json"], arguments].concat());
        if status == 4 || arguments[0] == "rollback" {
            told.says(status, "", "error: [..]\nhint: [..]");
            continue;
        }
        let document: Result<serde_json::Value, _> = serde_json::from_str(told.exits(status));
        assert!(document.is_ok_and(|document| document.is_object()), "{arguments:?}: {}", told.stdout);
    }
    sandbox.run(&["man", "--json"]).json(0);
}

#[test]
fn no_command_is_forgotten() {
    let help = Sandbox::empty().run(&["--help"]).exits(0).to_owned();
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        let called = CALLS.iter().any(|(call, _)| call[0] == name);
        let silent = SILENT.iter().any(|(silent, _)| *silent == name);
        assert!(called || silent || matches!(name, "man" | "help"), "add `{name}` to CALLS above");
    }
}

#[test]
fn the_demo_has_no_document() {
    Sandbox::empty().run(&["demo", "--json"]).says(
        2,
        "",
        "error: the demo is a story, and no JSON document\n\
         hint: leave `--json` out; every command in the story takes it",
    );
}

#[test]
fn a_beginning_is_told_and_goes_on_without_hooks() {
    let sandbox = Sandbox::repository();
    sandbox.file("hooks/.keep", "").file("config", "[core]\n\thooksPath = hooks\n");
    let path = sandbox.path("config").to_str().unwrap().to_owned();
    let sandbox = sandbox.var("GIT_CONFIG_GLOBAL", &path);
    let told = sandbox.run(&["init", "--json"]);
    let document = told.json(0);
    assert_eq!(document["files"][0], serde_json::json!({ "path": "VERSION.txt", "written": true }));
    assert_eq!(document["hooks"]["installed"], false);
    assert_eq!(sandbox.read("VERSION.txt"), "0.1.0\n");
    sandbox.run(&["init"]).says(
        0,
        "",
        "VERSION.txt      is there\nCHANGELOG.md     is there\nshipmark.toml    is there\n\
         warning: core.hooksPath is set for all repositories (global: `hooks`)\n\
         hint: give this repository its own: `git config core.hooksPath .git/hooks`\n\
         hint: or call `shipmark hook NAME -- \"$@\"` from the hooks there",
    );
}
