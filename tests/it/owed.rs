//! Releases that were made here and pushed later.

use crate::support::{Remote, Sandbox, released};

/// A release in a clone whose remote has everything before it.
fn unpushed() -> (Sandbox, Remote) {
    let sandbox = released();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.run(&["release"]).says(
        0,
        "1.0.0 -> 1.1.0",
        "released  minor: 1 feat, 1 fix since v1.0.0\n\
         files   VERSION.txt, CHANGELOG.md\n\
         commit  1a1d774  chore(release): 1.1.0\n\
         tag     v1.1.0\n\
         push it with `git push --atomic origin HEAD:refs/heads/main refs/tags/v1.1.0`",
    );
    (sandbox, remote)
}

#[track_caller]
fn has(remote: &Remote, sandbox: &Sandbox, reference: &str) {
    let oid = sandbox.git(&["rev-parse", reference]);
    let refs = remote.refs(sandbox);
    assert!(refs.contains(&format!("{oid} {reference}")), "{reference} is not in\n{refs}");
}

#[test]
fn an_earlier_release_is_pushed_although_nothing_is_due() {
    let (sandbox, remote) = unpushed();
    sandbox.git(&["tag", "-a", "-m", "mine", "v9.0.0-mine.1"]);
    let nothing = "nothing to release: no commit since v1.1.0";
    sandbox.run(&["release", "--push", "--dry-run"]).says(0, "1.1.0", nothing);
    sandbox.run(&["release", "--push"]).says(
        0,
        "1.1.0",
        &format!("pushed  v1.1.0, which was released here before, to origin\n{nothing}"),
    );
    has(&remote, &sandbox, "refs/heads/main");
    has(&remote, &sandbox, "refs/tags/v1.1.0");
    assert!(!remote.refs(&sandbox).contains("mine"), "a tag that shipmark did not make is nobody's release");
    // Nothing is owed any more, so nobody is asked.
    drop(remote);
    sandbox.run(&["release", "--push"]).says(0, "1.1.0", nothing);
}

#[test]
fn an_earlier_release_goes_along_with_the_next_one_or_neither_goes() {
    let (sandbox, remote) = unpushed();
    sandbox.commit("feat: a roof");
    remote.update_hook("case $1 in refs/tags/v1.1.0) exit 1;; esac");
    let before = remote.refs(&sandbox);
    let refused = sandbox.run(&["release", "--push"]);
    refused.says(
        5,
        "",
        "error: the remote `origin` refused refs/tags/v1.1.0: [remote rejected] (hook declined)\n\
         hint: nothing was changed, here or there; see what the server asks for, then release again",
    );
    assert_eq!(remote.refs(&sandbox), before);
    remote.update_hook("exit 0");
    sandbox.run(&["release", "--push"]).says(
        0,
        "1.1.0 -> 1.2.0",
        "pushed  v1.1.0, which was released here before, to origin\n\
         released  minor: 1 feat since v1.1.0\n\
         files   VERSION.txt, CHANGELOG.md\n\
         commit  [..]  chore(release): 1.2.0\n\
         tag     v1.2.0\n\
         pushed  refs/heads/main and refs/tags/v1.2.0 to origin",
    );
    for reference in ["refs/heads/main", "refs/tags/v1.1.0", "refs/tags/v1.2.0"] {
        has(&remote, &sandbox, reference);
    }
}

#[test]
fn an_earlier_release_that_another_clone_made_too_is_refused() {
    let (sandbox, remote) = unpushed();
    sandbox.git(&["push", "--quiet", "origin", "HEAD~1:refs/tags/v1.1.0"]);
    let before = remote.refs(&sandbox);
    sandbox.run(&["release", "--push"]).says(
        4,
        "",
        "error: the remote `origin` already has refs/tags/v1.1.0 on another object, [..]\nhint: run `git fetch --tags`",
    );
    assert_eq!(remote.refs(&sandbox), before);
}
