//! What stands around a release: `init`, `bump`, `tag`, `undo`, `verify`, `lint`.

use crate::support::{Remote, Sandbox, released, state};

#[test]
fn init_writes_what_is_missing_and_only_that() {
    let sandbox = Sandbox::repository();
    sandbox.run(&["init"]).says(
        0,
        "",
        "VERSION.txt      written: 0.1.0\n\
         CHANGELOG.md     written: filled by `shipmark release`\n\
         shipmark.toml    written: every key, commented out\n\
         hooks            written: commit-msg, prepare-commit-msg, pre-push, post-merge, post-rewrite, post-checkout",
    );
    sandbox.file("VERSION.txt", "3.0.0\n");
    sandbox.run(&["init"]).says(
        0,
        "",
        "VERSION.txt      is there\nCHANGELOG.md     is there\nshipmark.toml    is there\n\
         hooks            up to date: commit-msg, prepare-commit-msg, pre-push, post-merge, post-rewrite, post-checkout",
    );
    assert_eq!(sandbox.read("VERSION.txt"), "3.0.0\n");
    sandbox.git(&["config", "shipmark.x", "y"]);
    sandbox.git(&["commit", "--quiet", "--allow-empty", "-m", "feat: begin"]);
    // What init left untracked is taken into the first release.
    sandbox.run(&["release"]).exits(0);
    assert_eq!(sandbox.git(&["show", "--format=", "--name-only", "HEAD"]), "CHANGELOG.md\nVERSION.txt");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? shipmark.toml");
}

#[test]
fn lint_judges_a_range_and_a_message() {
    let sandbox = released();
    sandbox.commit("add a roof");
    sandbox.run(&["lint", "HEAD~2..HEAD"]).says(
        1,
        "",
        "[..]  add a roof\n  error   header: column 4: a type and a colon are missing at the start\n\
         \x20 write     feat: add a roof\n2 checked, 1 refused",
    );
    sandbox.run(&["lint", "HEAD~3..HEAD~1"]).says(0, "", "2 checked, 0 refused");
    sandbox.run_with(&["lint", "--message-file", "-"], "feta: x\n").says(
        1,
        "",
        "feta: x\n  error   type: `feta` is no known type; known are build, chore, ci, docs, feat, fix, hotfix, perf, refactor, revert, style, test\n\
         \x20 write     feat: x\n1 checked, 1 refused",
    );
}

#[test]
fn bump_rewrites_the_file_and_no_more() {
    let sandbox = released();
    sandbox.run(&["bump", "--patch"]).says(0, "1.0.0 -> 1.0.1", "");
    sandbox.run(&["bump", "--auto"]).says(0, "1.0.1 -> 1.1.0", "");
    sandbox.run(&["bump", "--set", "2.0.0-rc.1"]).says(0, "1.1.0 -> 2.0.0-rc.1", "");
    sandbox.run(&["bump", "--major"]).says(0, "2.0.0-rc.1 -> 2.0.0", "");
    assert_eq!(sandbox.git(&["diff", "--name-only"]), "VERSION.txt");
    sandbox.file("VERSION.txt", "soon\n");
    sandbox.run(&["bump", "--patch"]).says(
        4,
        "",
        "error: `VERSION.txt` cannot be used\n  1: it holds `soon`, not one semantic version such as 1.2.3\n\
         hint: write one version into it, such as 1.2.3, and commit it",
    );
}

#[test]
fn tag_marks_head_with_the_version_that_it_holds() {
    let sandbox = released();
    sandbox.run(&["tag"]).says(0, "1.0.0", "nothing to release: VERSION.txt says 1.0.0, which is tagged");
    sandbox.file("VERSION.txt", "1.1.0\n");
    let head = sandbox.commit("chore: release by hand");
    sandbox.run(&["tag"]).says(0, "1.0.0 -> 1.1.0", "released  set by hand\ntag     v1.1.0");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD", "v1.1.0^{commit}"]), format!("{head}\n{head}"));
    assert_eq!(sandbox.git(&["cat-file", "-t", "v1.1.0"]), "tag");
}

#[test]
fn undo_takes_back_what_nobody_else_can_have() {
    let sandbox = released();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    let before = state(&sandbox);
    sandbox.run(&["undo"]).says(
        4,
        "",
        "error: HEAD is not a release that shipmark made\n\
         hint: only the newest release can be taken back, while nothing stands on it",
    );
    sandbox.run(&["release"]).exits(0);
    sandbox.file("CHANGELOG.md", "edited\n");
    sandbox.run(&["undo"]).exits(4);
    sandbox.git(&["checkout", "CHANGELOG.md"]);
    sandbox.run(&["undo"]).says(0, "1.1.0 -> 1.0.0", "v1.1.0 and its commit [..] are gone");
    assert_eq!(state(&sandbox), before);
    sandbox.run(&["release", "--push"]).exits(0);
    let released = (state(&sandbox), remote.refs(&sandbox));
    sandbox.run(&["undo"]).says(
        4,
        "",
        "error: v1.1.0 is on the remote `origin` already\n\
         hint: mend it forward: commit the fix and run `shipmark release --push`",
    );
    assert_eq!((state(&sandbox), remote.refs(&sandbox)), released);
}

#[test]
fn verify_lists_each_disagreement_with_its_mend() {
    let sandbox = released();
    let _remote = Remote::of(&sandbox);
    sandbox.run(&["release"]).exits(0);
    sandbox.run(&["verify"]).says(0, "", "all agree on 1.1.0");
    sandbox.run(&["verify", "--remote"]).says(
        1,
        "remote-tag         the remote `origin` does not have the tag `v1.1.0`\n\
         \x20                  git push --atomic origin HEAD refs/tags/v1.1.0\n\
         remote-branch      the branch on `origin` does not contain the tag `v1.1.0`\n\
         \x20                  git push origin HEAD",
        "2 disagreements",
    );
    sandbox.git(&["tag", "-d", "v1.1.0"]);
    sandbox.git(&["tag", "v1.1.0"]);
    sandbox.file("CHANGELOG.md", "# Log\n\n## 9.0.0\n\n## 1.1.0\n");
    sandbox.commit("fix: a section too many");
    sandbox.run(&["verify"]).says(
        1,
        "tag-lightweight    the tag `v1.1.0` is lightweight: `git describe` and `push.followTags` pass over it\n\
         \x20                  git tag -a -f -m v1.1.0 v1.1.0 v1.1.0^{}\n\
         changelog-top      CHANGELOG.md begins with 9.0.0, VERSION.txt says 1.1.0\n\
         \x20                  let `shipmark release` write both\n\
         changelog-untagged CHANGELOG.md has a section 9.0.0, which has no tag\n\
         \x20                  run `git fetch --tags`, or remove the section",
        "3 disagreements; 1.1.1 is due",
    );
}
