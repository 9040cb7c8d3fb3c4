//! The hooks under the real git: commit, merge and push.

use crate::support::{Remote, Sandbox};

/// A repository with the hooks installed.
fn hooked() -> Sandbox {
    let sandbox = Sandbox::repository();
    sandbox.run(&["hooks", "install"]).says(
        0,
        "",
        "hook commit-msg  written\nhook pre-push    written\nhook post-merge  written",
    );
    sandbox
}

#[test]
fn a_commit_with_a_bad_message_is_refused_and_its_text_is_kept() {
    let sandbox = hooked();
    let said = sandbox.git_fails(&["commit", "--allow-empty", "-m", "a door"]);
    assert_eq!(
        said,
        "a door\n  error   header: column 2: a type and a colon are missing at the start\n  write     fix: a door\n\
         your text is kept: git commit --edit --file=.git/COMMIT_EDITMSG"
    );
    assert_eq!(sandbox.read(".git/COMMIT_EDITMSG"), "a door\n");
    sandbox.git(&["commit", "--allow-empty", "-m", "fix: a door"]);
}

#[test]
fn what_git_writes_itself_passes() {
    let sandbox = hooked();
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: a"]);
    sandbox.git(&["switch", "--quiet", "--create", "topic"]);
    sandbox.file("b", "b").git(&["add", "b"]);
    sandbox.git(&["commit", "-m", "feat: b"]);
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["merge", "--no-ff", "--no-edit", "topic"]);
    sandbox.git(&["revert", "--no-edit", "HEAD", "-m", "1"]);
    sandbox.git(&["commit", "--allow-empty", "--fixup", "HEAD"]);
    assert_eq!(sandbox.git(&["rev-list", "--count", "HEAD"]), "5");
}

#[test]
fn a_push_of_bad_messages_is_refused_and_a_good_one_is_previewed() {
    let sandbox = hooked();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: a"]);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    sandbox.git(&["commit", "--allow-empty", "--no-verify", "-m", "b"]);
    let said = sandbox.git_fails(&["push", "--quiet", "origin", "main"]);
    assert!(said.contains("b\n  error   header: column 2"), "{said}");
    assert!(said.contains("push refused: mend the messages with `git rebase -i`"), "{said}");
    sandbox.git(&["commit", "--amend", "--allow-empty", "-m", "fix: b"]);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(remote.refs(&sandbox), format!("{head} refs/heads/main"));
    sandbox.git(&["push", "--quiet", "origin", "main:topic"]);
    sandbox.git(&["push", "--quiet", "--delete", "origin", "topic"]);
}

#[test]
fn a_hook_of_someone_else_runs_first_and_decides_too() {
    let sandbox = Sandbox::repository();
    sandbox.file(".git/hooks/commit-msg", "#!/bin/sh\necho \"theirs saw $1\" >&2\ngrep -q allowed \"$1\"\n");
    sandbox.executable(".git/hooks/commit-msg");
    sandbox.run(&["hooks", "install"]).says(
        0,
        "",
        "hook commit-msg  written; the hook that was there runs first, as commit-msg.legacy\n\
         hook pre-push    written\nhook post-merge  written",
    );
    let theirs = sandbox.git_fails(&["commit", "--allow-empty", "-m", "feat: a"]);
    assert_eq!(theirs, "theirs saw .git/COMMIT_EDITMSG");
    let ours = sandbox.git_fails(&["commit", "--allow-empty", "-m", "allowed"]);
    assert!(ours.starts_with("theirs saw .git/COMMIT_EDITMSG\nallowed\n  error"), "{ours}");
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: allowed"]);
}

#[test]
fn a_manager_of_hooks_gets_a_snippet_and_ci_gets_none() {
    let sandbox = Sandbox::repository();
    sandbox.file("lefthook.yml", "");
    sandbox.run(&["hooks", "install"]).says(
        0,
        "",
        "lefthook manages the hooks here; add to it:\n\
         \x20 commit-msg: {jobs: [{run: 'shipmark hook commit-msg -- {1}'}]}\n\
         \x20 pre-push: {jobs: [{run: 'shipmark hook pre-push -- {1} {2}', use_stdin: true}]}\n\
         \x20 post-merge: {jobs: [{run: 'shipmark hook post-merge -- {1}'}]}",
    );
    let ci = Sandbox::repository().var("CI", "true");
    ci.run(&["hooks", "install"]).says(
        0,
        "",
        "CI is set: no hook is needed here (`--force` installs them all the same)",
    );
    assert!(ci.names(".git/hooks").iter().all(|name| name.ends_with(".sample")));
}

#[test]
fn a_hook_can_be_skipped() {
    let sandbox = hooked().var("SHIPMARK_SKIP", "pre-push,commit-msg");
    sandbox.git(&["commit", "--allow-empty", "-m", "whatever"]);
}
