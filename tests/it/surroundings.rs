//! What lies around a command: the working directory and git's own variables.

use crate::support::Sandbox;

/// A repository at 1.0.0 with another one at 2.0.0 in the folder `other`.
fn two() -> Sandbox {
    let sandbox = Sandbox::repository();
    sandbox.file("VERSION.txt", "1.0.0\n").file(".gitignore", "/other\n");
    sandbox.commit("feat: begin");
    sandbox.git(&["init", "--quiet", "--initial-branch", "main", "other"]);
    sandbox.file("other/VERSION.txt", "2.0.0\n");
    sandbox.git(&["-C", "other", "add", "."]);
    sandbox.git(&["-C", "other", "commit", "--quiet", "--message", "feat: begin"]);
    sandbox
}

#[test]
fn the_repository_is_the_one_that_git_would_take() {
    let sandbox = two();
    sandbox.run(&["next"]).says(0, "1.0.0", "");
    let sandbox = sandbox.var("GIT_DIR", "other/.git");
    sandbox.run(&["next"]).says(0, "2.0.0", "");
    sandbox.run(&["--repo", ".", "next"]).says(0, "1.0.0", "");
}

#[test]
fn git_dir_alone_makes_the_working_directory_the_worktree() {
    let sandbox = two().var("GIT_DIR", "other/.git");
    assert_eq!(sandbox.git(&["status", "--porcelain", "--", "VERSION.txt"]), " M VERSION.txt");
    sandbox.run(&["release"]).says(
        4,
        "",
        "error: `VERSION.txt` has changes that are not committed\nhint: [..]",
    );
    let sandbox = sandbox.var("GIT_WORK_TREE", "other");
    sandbox.run(&["release", "--dry-run", "--json"]).exits(0);
}

#[test]
fn a_git_dir_that_is_none_is_refused_by_every_command() {
    let sandbox = two().var("GIT_DIR", "nowhere").var("SHIPMARK_REGISTRY_URL", "http://127.0.0.1:1/");
    for command in [&["next"][..], &["status"]] {
        sandbox.run(command).says(
            4,
            "",
            "error: the environment variable `GIT_DIR` is `nowhere`, which is no git repository\n\
             hint: unset it, or name the repository with `--repo PATH`",
        );
    }
}

#[test]
fn without_a_working_directory_nothing_is_done() {
    let sandbox = Sandbox::repository();
    let program = env!("CARGO_BIN_EXE_shipmark");
    let alias = format!("alias.gone=!mkdir gone && cd gone && rmdir ../gone && exec '{program}' next");
    let said = sandbox.git_fails(&["-c", &alias, "gone"]);
    assert!(
        said.starts_with(
            "error: the working directory cannot be found\n  1: No such file or directory (os error 2)\n\
             hint: change to a folder that is there"
        ),
        "{said}"
    );
}

#[test]
fn a_release_is_not_made_before_1970() {
    let sandbox = two().var("SOURCE_DATE_EPOCH", "-1");
    sandbox.run(&["release", "--dry-run"]).says(
        3,
        "",
        "error: the environment variable `SOURCE_DATE_EPOCH` is `-1`, not a number of seconds since 1970-01-01",
    );
}
