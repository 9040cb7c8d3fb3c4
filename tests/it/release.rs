//! `next` and `release`: what they say, what they change, and that a refusal changes nothing.

use crate::support::{Remote, Sandbox, TIME, released, state};

#[test]
fn next_prints_the_version_alone_and_explains_on_stderr() {
    let sandbox = released();
    sandbox.run(&["next"]).says(0, "1.1.0", "");
    sandbox.run(&["next", "--bump", "major"]).says(0, "2.0.0", "");
    sandbox.run(&["next", "--explain"]).says(
        0,
        "1.1.0",
        "release: minor: 1 feat, 1 fix since v1.0.0\n\
         base      v1.0.0 (2a4aeb1), 3 commits since\n\
         minor     [..]  feat: a window (#7)\n\
         patch     [..]  fix(api): a door\n\
         ignored   [..]  docs: no release  (its type asks for no release)",
    );
    let decision = sandbox.run(&["next", "--json"]).json(0);
    assert_eq!(decision["next"], "1.1.0");
    assert_eq!(decision["bump"], "minor");
    assert_eq!(decision["deciding"].as_array().unwrap().len(), 2);
    assert_eq!(decision["ignored"][0]["reason"], "type-none");
}

#[test]
fn nothing_to_release_is_said_and_is_no_failure() {
    let sandbox = Sandbox::repository().var("SOURCE_DATE_EPOCH", TIME);
    sandbox.commit("feat: begin");
    sandbox.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    sandbox.commit("docs: words");
    let why = "nothing to release: the one commit since v1.0.0 asks for no release";
    sandbox.run(&["next"]).says(0, "1.0.0", why);
    let before = state(&sandbox);
    sandbox.run(&["release"]).says(0, "1.0.0", why);
    sandbox.run(&["release", "--require-release"]).says(1, "1.0.0", why);
    assert_eq!(state(&sandbox), before);
}

#[test]
fn a_release_is_files_commit_and_annotated_tag() {
    let sandbox = released();
    let before = state(&sandbox);
    let section = "## 1.1.0 - 2026-01-31\n\n### Added\n\n- a window (\\#7) (b828099)\n\n### Fixed\n\n- **api:** a door (46aa1c2)\n";
    sandbox.run(&["release", "--dry-run"]).says(
        0,
        &format!("1.0.0 -> 1.1.0\n\n{section}"),
        "would release  minor: 1 feat, 1 fix since v1.0.0\nfiles   VERSION.txt, CHANGELOG.md\ntag     v1.1.0",
    );
    assert_eq!(state(&sandbox), before, "a dry run changes nothing");
    sandbox.run(&["release"]).says(
        0,
        "1.0.0 -> 1.1.0",
        "released  minor: 1 feat, 1 fix since v1.0.0\n\
         files   VERSION.txt, CHANGELOG.md\n\
         commit  1a1d774  chore(release): 1.1.0\n\
         tag     v1.1.0",
    );
    assert_eq!(sandbox.read("VERSION.txt"), "1.1.0\n");
    let preamble = "# Changelog\n\nWritten from the commits by `shipmark release`, newest version first.\n";
    assert_eq!(sandbox.read("CHANGELOG.md"), format!("{preamble}\n{section}"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert_eq!(sandbox.git(&["cat-file", "-t", "v1.1.0"]), "tag");
    assert_eq!(sandbox.git(&["rev-parse", "v1.1.0^{commit}"]), sandbox.git(&["rev-parse", "HEAD"]));
    assert_eq!(sandbox.git(&["fsck", "--strict"]), "");
    sandbox.run(&["next"]).says(0, "1.1.0", "nothing to release: no commit since v1.1.0");
}

#[test]
fn a_push_moves_branch_and_tag_together() {
    let sandbox = released();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.run(&["release", "--push"]).says(
        0,
        "1.0.0 -> 1.1.0",
        "released  minor: 1 feat, 1 fix since v1.0.0\n\
         files   VERSION.txt, CHANGELOG.md\n\
         commit  [..]  chore(release): 1.1.0\n\
         tag     v1.1.0\n\
         pushed  refs/heads/main and refs/tags/v1.1.0 to origin",
    );
    let (head, tag) = (sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["rev-parse", "v1.1.0"]));
    let refs = remote.refs(&sandbox);
    assert!(refs.contains(&format!("{head} refs/heads/main")), "{refs}");
    assert!(refs.contains(&format!("{tag} refs/tags/v1.1.0")), "{refs}");
}

#[test]
fn a_server_that_refuses_the_tag_gets_nothing_and_nothing_changes_here() {
    let sandbox = released();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    remote.update_hook("case $1 in refs/tags/*) echo 'tags are made by the robot' >&2; exit 1;; esac");
    let (here, there) = (state(&sandbox), remote.refs(&sandbox));
    sandbox.run(&["release", "--push"]).says(
        5,
        "",
        "error: the remote `origin` refused refs/tags/v1.1.0: [remote rejected] (hook declined) — tags are made by the robot\n\
         hint: nothing was changed, here or there; see what the server asks for, then release again",
    );
    assert_eq!((state(&sandbox), remote.refs(&sandbox)), (here, there));
}

#[test]
fn a_remote_that_moved_on_or_is_away_is_told_apart() {
    let sandbox = released();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    sandbox.git(&["push", "--quiet", "origin", "HEAD~1:refs/tags/v1.1.0"]);
    let before = state(&sandbox);
    sandbox.run(&["release", "--push"]).says(
        4,
        "",
        "error: the remote `origin` already has refs/tags/v1.1.0 on another object, [..]\nhint: run `git fetch --tags`",
    );
    sandbox.git(&["push", "--quiet", "--delete", "origin", "v1.1.0"]);
    sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    sandbox.run(&["release", "--push"]).says(
        4,
        "",
        "error: `main` on `origin` has commits that are not here\nhint: run `git pull` first",
    );
    drop(remote);
    sandbox.git(&["reset", "--quiet", "--hard", "ORIG_HEAD"]);
    sandbox.run(&["release", "--push"]).says(
        5,
        "",
        "error: cannot reach the remote `origin`: unable to connect to 127.0.0.1:\n\
         hint: nothing was changed here; check the remote with `git ls-remote`, then release again",
    );
    assert_eq!(state(&sandbox).lines().filter(|line| line.contains("refs/tags")).count(), 1);
    assert_eq!(state(&sandbox).lines().last(), before.lines().last());
}

#[test]
fn a_refusal_names_the_thing_and_the_mend_and_changes_nothing() {
    let sandbox = released();
    let refused = |status: i32, said: &str| {
        let before = state(&sandbox);
        sandbox.run(&["release"]).says(status, "", said);
        assert_eq!(state(&sandbox), before);
    };
    sandbox.file("VERSION.txt", "1.0.1\n");
    refused(
        4,
        "error: `VERSION.txt` has changes that are not committed\n\
         hint: commit it, or put it aside with `git stash push -- VERSION.txt`",
    );
    sandbox.file("VERSION.txt", "one\n");
    sandbox.commit("fix: a wrong version");
    refused(
        4,
        "error: `VERSION.txt` cannot be used\n  1: it holds `one`, not one semantic version such as 1.2.3\n\
         hint: write one version into it, such as 1.2.3, and commit it",
    );
    sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    sandbox.file("shipmark.toml", "[release]\ninital = \"1.0.0\"\n");
    refused(
        3,
        "error: [ROOT]/helpdesk/shipmark.toml:2: unknown key `release.inital`\nhint: write `release.initial`",
    );
    sandbox.file("shipmark.toml", "");
    sandbox.git(&["switch", "--quiet", "--create", "topic"]);
    refused(
        4,
        "error: `topic` is not a branch that releases are made from\nhint: merge it into `main` and release there",
    );
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    refused(
        4,
        "error: HEAD is detached and no branch was named\nhint: check out a branch, or name it with `--branch NAME`",
    );
}

#[test]
fn a_place_without_history_is_an_error_with_a_mend() {
    let sandbox = Sandbox::empty();
    sandbox.run(&["next"]).says(
        4,
        "",
        "error: `[ROOT]/helpdesk` is not inside a git repository\n\
         hint: run it inside a repository, or name one with `--repo PATH`",
    );
    let unborn = Sandbox::repository();
    unborn.run(&["next"]).says(4, "", "error: the repository has no commit yet\nhint: make the first commit");
}

#[test]
fn a_shallow_clone_that_hides_the_release_is_refused() {
    let sandbox = released();
    sandbox.git(&["clone", "--quiet", "--depth", "2", "file:///proc/self/cwd", "shallow"]);
    sandbox.run(&["--repo", "shallow", "next"]).says(
        4,
        "",
        "error: the history is shallow: what lies before [..] was not fetched\n\
         hint: fetch the whole history: `git fetch --unshallow --tags`, in CI `fetch-depth: 0`",
    );
}

#[test]
fn a_managed_file_that_cannot_be_replaced_is_refused_before_anything_happens() {
    let sandbox = released();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    sandbox.file("docs/C.md", "# Log\n").symlink("docs/C.md", "CHANGELOG.md");
    sandbox.commit("docs: a link");
    let before = (state(&sandbox), remote.refs(&sandbox));
    sandbox.run(&["release", "--push"]).says(
        4,
        "",
        "error: `[ROOT]/helpdesk/CHANGELOG.md` is a symbolic link, not a plain file",
    );
    assert_eq!((state(&sandbox), remote.refs(&sandbox)), before);
}

#[test]
fn a_tag_that_cannot_be_made_leaves_nothing_behind() {
    let sandbox = released();
    sandbox.git(&["tag", "v", "HEAD"]);
    sandbox.file("shipmark.toml", "[tag]\nformat = \"v/{version}\"\n");
    sandbox.commit("chore: configure");
    let before = state(&sandbox);
    sandbox.run(&["release"]).says(
        4,
        "",
        "error: the reference refs/tags/v/1.0.0 cannot be made: refs/tags/v is in its way\n\
         hint: choose another `tag.format`, or remove what is in the way",
    );
    assert_eq!(state(&sandbox), before);
    sandbox.git(&["tag", "-d", "v"]);
    sandbox.run(&["release"]).exits(0);
}

#[test]
fn a_message_in_another_encoding_is_read_by_it() {
    let sandbox = released();
    let tree = sandbox.git(&["write-tree"]);
    let commit = format!(
        "tree {tree}\nparent {}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\nencoding ISO-8859-1\n\nfix: caf",
        sandbox.git(&["rev-parse", "HEAD"])
    );
    let mut bytes = commit.into_bytes();
    bytes.extend([0xe9, b'\n']);
    let oid = sandbox.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], &bytes);
    sandbox.git(&["reset", "--quiet", "--hard", &oid]);
    let changelog = sandbox.run(&["changelog"]);
    assert!(changelog.exits(0).contains("- café ("), "{}", changelog.stdout);
}

#[test]
fn what_a_remote_lacks_is_named() {
    let sandbox = released();
    sandbox.run(&["release", "--push"]).says(
        4,
        "",
        "error: this repository has no remote `origin`\n\
         hint: add it with `git remote add origin URL`, or name another in `release.remote`",
    );
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    remote.configure("receive.advertiseAtomic", "false");
    sandbox.run(&["release", "--push"]).says(
        5,
        "",
        "error: the server of `origin` cannot move branch and tag together\n\
         hint: let the server advertise it (`git config receive.advertiseAtomic true` there), or release without `--push`",
    );
}

#[test]
fn an_index_that_another_git_holds_is_left_alone() {
    let sandbox = released();
    sandbox.file("other", "staged").git(&["add", "other"]);
    sandbox.file(".git/index.lock", "");
    sandbox.run(&["release"]).says(
        4,
        "",
        "error: the release is made, but the index is locked by another git\n\
         hint: run `git checkout HEAD -- VERSION.txt CHANGELOG.md` when it is done",
    );
    sandbox.git(&["rev-parse", "--verify", "v1.1.0"]);
    assert_eq!(sandbox.read(".git/index.lock"), "");
    sandbox.remove(".git/index.lock");
    sandbox.run(&["release"]).says(
        0,
        "1.1.0",
        "finished the release of 1.1.0 that was cut short\nnothing to release: no commit since v1.1.0",
    );
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "A  other");
}

#[test]
fn a_full_outbox_refuses_the_next_release() {
    let sandbox = released();
    sandbox.file(".git/shipmark/outbox/new/letter", "");
    let letter =
        std::fs::File::options().write(true).open(sandbox.path(".git/shipmark/outbox/new/letter")).unwrap();
    letter.set_len(64 * 1024 * 1024).unwrap();
    let before = state(&sandbox);
    sandbox.run(&["release"]).says(
        4,
        "",
        "error: the outbox `[ROOT]/helpdesk/.git/shipmark/outbox` is full\n\
         hint: send what waits with `shipmark outbox flush`, or see it with `shipmark outbox list`",
    );
    assert_eq!(state(&sandbox), before);
}
