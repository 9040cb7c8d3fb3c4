//! Pushes over HTTP to a server that fails before, while and after it takes a release.

use crate::stage::{Stage, Theatre};
use crate::weak::{full, strong, weak};
use crate::web::{Mood, Web};

/// A fresh clone whose remote is served over HTTP.
fn stage(theatre: &Theatre, web: &Web) -> Stage {
    let stage = theatre.stage();
    let name = stage.clone.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    stage.git(&["remote", "set-url", "origin", &web.url(&format!("{name}/remote.git"))]);
    stage.git(&["-C", stage.remote.to_str().unwrap(), "config", "http.receivepack", "true"]);
    stage
}

/// Offsets at which a line breaks.
fn offsets() -> Vec<usize> {
    let count = if full() { 20 } else { 6 };
    (0..count).map(|n| n * n * 7).collect()
}

#[test]
fn a_line_that_breaks_while_a_release_goes_out_leaves_nothing() {
    let theatre = Theatre::open();
    let web = Web::serve(theatre.root());
    let moods = [
        (Mood::CutRequest, "cannot reach the remote `origin`"),
        (Mood::Status(500), "500"),
        (Mood::StatusLater(500), "500"),
        (Mood::Status(401), "could not read Username"),
        (Mood::Status(403), "403"),
    ];
    for (mood, words) in moods {
        let stage = stage(&theatre, &web);
        let before = stage.state();
        web.be(mood);
        let output = stage.run(&strong(), &["release", "--push"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{mood:?}: {said}");
        assert!(said.contains(words) && said.contains("hint: "), "{mood:?}: {said}");
        assert_eq!(stage.state(), before, "{mood:?}");
        web.be(Mood::Well);
        let again = stage.run(&strong(), &["release", "--push"]);
        assert!(again.status.success(), "{mood:?}: {}", String::from_utf8_lossy(&again.stderr));
        assert_eq!(stage.faults(true), [] as [String; 0], "{mood:?}");
    }
}

#[test]
fn an_answer_that_is_lost_or_cut_is_a_success() {
    let theatre = Theatre::open();
    let web = Web::serve(theatre.root());
    for bytes in offsets() {
        let stage = stage(&theatre, &web);
        web.be(Mood::CutAnswer(bytes));
        let output = stage.run(&strong(), &["release", "--push"]);
        assert!(output.status.success(), "after {bytes}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(stage.faults(true), [] as [String; 0], "after {bytes} bytes");
    }
}

#[test]
fn a_server_that_cannot_move_two_references_together_gets_none() {
    let theatre = Theatre::open();
    let web = Web::serve(theatre.root());
    let deny = |stage: &Stage| {
        let remote = stage.remote.to_str().unwrap();
        stage.git(&["-C", remote, "config", "receive.advertiseAtomic", "false"]);
        stage.git(&["-C", remote, "config", "core.hooksPath", "hooks"]);
        let hook = stage.remote.join("hooks/update");
        std::fs::write(&hook, "#!/bin/sh\ncase $1 in refs/tags/*) exit 1;; esac\n").unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    let control = stage(&theatre, &web);
    deny(&control);
    let before = control.remote_refs();
    let _ = control.run(&weak(), &["release", "--push"]);
    assert_ne!(control.remote_refs(), before, "the weak build leaves half a release");
    let stage = stage(&theatre, &web);
    deny(&stage);
    let before = stage.state();
    let output = stage.run(&strong(), &["release", "--push"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("cannot move branch and tag together"), "{said}");
    assert_eq!(stage.state(), before);
}

#[test]
fn a_server_that_thinks_for_long_is_waited_for() {
    let theatre = Theatre::open();
    let web = Web::serve(theatre.root());
    let stage = stage(&theatre, &web);
    let hook = stage.remote.join("hooks/pre-receive");
    std::fs::write(&hook, format!("#!/bin/sh\nsleep {}\n", if full() { 60 } else { 3 })).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = stage.run(&strong(), &["release", "--push"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(stage.faults(true), [] as [String; 0]);
}
