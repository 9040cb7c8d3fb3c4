//! The remote refuses, and the line breaks.

use std::os::unix::fs::PermissionsExt;

use crate::stage::{Stage, Theatre};
use crate::weak::{strong, weak};

/// Lets a hook of the server decide.
fn hook(stage: &Stage, name: &str, script: &str) {
    let path = stage.remote.join("hooks").join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// What a server may refuse, and the words that the message must hold.
const REFUSALS: [(&str, &str, &str); 4] = [
    ("update", "case $1 in refs/tags/*) exit 1;; esac", "refused refs/tags/v1.1.0"),
    ("update", "case $1 in refs/heads/*) exit 1;; esac", "refused refs/heads/main"),
    ("update", "exit 1", "refused refs/"),
    ("pre-receive", "echo 'the quota is used up' >&2; exit 1", "the quota is used up"),
];

#[test]
fn a_refusal_changes_nothing_anywhere() {
    let theatre = Theatre::open();
    let weak = weak();
    let halves = REFUSALS.iter().filter(|(name, script, _)| {
        let stage = theatre.stage();
        hook(&stage, name, script);
        let before = stage.remote_refs();
        let _ = stage.run(&weak, &["release", "--push"]);
        stage.remote_refs() != before
    });
    let halves = halves.count();
    eprintln!("weak build: {halves} of {} refusals leave half a release on the remote", REFUSALS.len());
    assert!(halves >= 2);
    for (name, script, words) in REFUSALS {
        let stage = theatre.stage();
        hook(&stage, name, script);
        let before = stage.state();
        let output = stage.run(&strong(), &["release", "--push"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(stage.state(), before, "{words}");
        std::fs::remove_file(stage.remote.join("hooks").join(name)).unwrap();
        assert!(stage.run(&strong(), &["release", "--push"]).status.success());
        assert_eq!(stage.faults(true), [] as [String; 0], "{words}");
    }
}

#[test]
fn a_push_that_was_accepted_while_the_answer_was_lost_is_a_success() {
    let theatre = Theatre::open();
    let stage = theatre.stage();
    // The server's last hook runs when the references have moved, and ends the server before it can answer.
    hook(&stage, "post-receive", "kill -9 $PPID");
    let output = stage.run(&strong(), &["release", "--push"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(stage.faults(true), [] as [String; 0]);
}
