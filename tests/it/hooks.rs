//! The hooks under the real git: commit, merge and push.

use crate::support::{Remote, Sandbox, down};

/// A repository with the hooks installed.
fn hooked() -> Sandbox {
    let sandbox = Sandbox::repository();
    sandbox.run(&["hooks", "install"]).says(
        0,
        "",
        "hooks            written: commit-msg, prepare-commit-msg, pre-push, post-merge, post-rewrite, post-checkout",
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
        "hook commit-msg: written; the one that was there runs first, as commit-msg.legacy\n\
         hooks            written: prepare-commit-msg, pre-push, post-merge, post-rewrite, post-checkout",
    );
    let theirs = sandbox.git_fails(&["commit", "--allow-empty", "-m", "feat: a"]);
    assert_eq!(theirs, "theirs saw .git/COMMIT_EDITMSG");
    let ours = sandbox.git_fails(&["commit", "--allow-empty", "-m", "allowed"]);
    assert!(ours.starts_with("theirs saw .git/COMMIT_EDITMSG\nallowed\n  error"), "{ours}");
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: allowed"]);
}

#[test]
fn a_hook_of_someone_else_has_our_own_output_and_gets_the_input() {
    let sandbox = Sandbox::repository();
    sandbox.file(
        ".git/hooks/pre-push.legacy",
        "#!/bin/sh\nread -r line\necho \"got $line\"\necho told >&2\nexit 3\n",
    );
    sandbox.executable(".git/hooks/pre-push.legacy");
    let args = ["hook", "pre-push", "--hook-dir", ".git/hooks", "--", "origin", "url"];
    sandbox.run_with(&args, "a b c d\n").says(3, "got a b c d", "told");
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

#[test]
fn a_release_tag_that_lies_is_not_pushed() {
    let sandbox = hooked();
    let remote = Remote::of(&sandbox);
    sandbox.file("VERSION.txt", "1.0.0\n").git(&["add", "."]);
    sandbox.git(&["commit", "-m", "feat: a"]);
    sandbox.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.git(&["commit", "--allow-empty", "-m", "feat!: b"]);
    sandbox.git(&["tag", "v1.0.1"]);
    let said = sandbox.git_fails(&["push", "--quiet", "origin", "v1.0.1"]);
    for words in [
        "error   tag-lightweight: the tag `v1.0.1` is lightweight",
        "error   tag-lies: the tag `v1.0.1` holds a VERSION.txt that says 1.0.0",
        "error   tag-too-low: the commits of `v1.0.1` ask for 2.0.0",
        "push refused: a release tag must say what it holds",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let said = sandbox.git_fails(&["push", "--quiet", "--delete", "origin", "v1.0.0"]);
    assert!(said.contains("tag-deleted"), "{said}");
    sandbox.git(&["tag", "nightly"]);
    sandbox.git(&["push", "--quiet", "origin", "nightly"]);
    assert!(remote.refs(&sandbox).contains("refs/tags/v1.0.0"));
}

#[test]
fn a_push_is_not_refused_for_want_of_a_preview() {
    let sandbox = hooked();
    let _remote = Remote::of(&sandbox);
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: a"]);
    sandbox.git(&["tag", "-a", "-m", "x", "v0.1.0"]);
    sandbox.git(&["push", "--quiet", "--no-verify", "origin", "main", "v0.1.0"]);
    sandbox.git(&["switch", "--quiet", "--create", "topic"]);
    sandbox.git(&["commit", "--allow-empty", "-m", "fix: b"]);
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["commit", "--allow-empty", "-m", "fix: c"]);
    sandbox.run(&["release"]).exits(0);
    sandbox.git(&["switch", "--quiet", "topic"]);
    sandbox.git(&["push", "--quiet", "origin", "topic"]);
}

#[test]
fn a_hook_that_git_ignored_stays_ignored() {
    let sandbox = Sandbox::repository();
    sandbox.file(".git/hooks/commit-msg", "#!/bin/sh\nexit 1\n");
    sandbox.run(&["hooks", "install"]).exits(0);
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: a"]);
}

#[test]
fn install_decides_before_it_writes() {
    let sandbox = Sandbox::repository();
    sandbox.file(".git/hooks/post-merge", "theirs").file(".git/hooks/post-merge.legacy", "older");
    sandbox.run(&["hooks", "install"]).says(
        4,
        "",
        "error: `[ROOT]/helpdesk/.git/hooks/post-merge` and `[ROOT]/helpdesk/.git/hooks/post-merge.legacy` are both hooks of someone else's\n\
         hint: merge them into one file and remove the other; nothing was written",
    );
    assert!(!sandbox.names(".git/hooks").contains(&"commit-msg".to_owned()));
}

#[test]
fn status_and_uninstall_tell_ours_from_theirs() {
    let sandbox = Sandbox::repository();
    sandbox.file(".git/hooks/commit-msg", "#!/bin/sh\n");
    sandbox.run(&["hooks", "status"]).exits(1);
    sandbox.run(&["hooks", "install"]).exits(0);
    let status = sandbox.run(&["hooks", "status", "--json"]).json(0);
    assert_eq!(status["hooks"][0]["state"], "ours");
    assert_eq!(status["hooks"][0]["legacy"], true);
    sandbox.run(&["hooks", "uninstall"]).says(
        0,
        "",
        "hooks            removed: prepare-commit-msg, pre-push, post-merge, post-rewrite, post-checkout\n\
         hooks            put back: commit-msg",
    );
    assert_eq!(sandbox.read(".git/hooks/commit-msg"), "#!/bin/sh\n");
    sandbox.run(&["hooks", "uninstall"]).says(0, "", "no hook of shipmark's is installed here");
}

#[test]
fn an_empty_message_gets_help_where_it_was_asked_for() {
    let sandbox = hooked().var("GIT_EDITOR", "cat");
    sandbox.file("shipmark.toml", "[hooks]\nprepare = true\n");
    let _ = sandbox.git_fails(&["commit", "--allow-empty"]);
    assert!(sandbox.read(".git/COMMIT_EDITMSG").contains("# types: build, chore, ci, docs, feat, fix"));
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: a"]);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%B"]), "feat: a");
}

#[test]
fn a_pull_says_once_what_it_brought() {
    let sandbox = hooked();
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: a"]);
    sandbox.git(&["switch", "--quiet", "--create", "topic"]);
    sandbox.git(&["commit", "--allow-empty", "-m", "fix: b"]);
    sandbox.git(&["switch", "--quiet", "main"]);
    let said = sandbox.git_says(&["merge", "--ff-only", "topic"]);
    assert_eq!(said, "next: 0.1.0 (the first release)");
    assert_eq!(sandbox.git_says(&["checkout", "--quiet", "topic"]), "");
}

#[test]
fn no_hook_speaks_to_the_registry() {
    // A registry that takes connections and never answers.
    let hole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    hole.set_nonblocking(true).unwrap();
    let (_, down) = down();
    let sandbox = hooked().var("SHIPMARK_REGISTRY_URL", &down);
    let _remote = Remote::of(&sandbox);
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: a"]);
    sandbox.run(&["-q", "report", "dev", "--status", "deployed", "--version", "1.0.0"]).exits(0);
    let url = format!("http://{}", hole.local_addr().unwrap());
    let sandbox = sandbox.var("SHIPMARK_REGISTRY_URL", &url);
    sandbox.git(&["commit", "--allow-empty", "-m", "feat: b"]);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    sandbox.git(&["switch", "--quiet", "--create", "topic", "HEAD~1"]);
    sandbox.git(&["commit", "--allow-empty", "-m", "fix: c"]);
    sandbox.git(&["merge", "--quiet", "--no-edit", "main"]);
    let asked = hole.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(asked, Err(std::io::ErrorKind::WouldBlock));
    assert_eq!(sandbox.names(".git/shipmark/outbox/new").len(), 1);
}
