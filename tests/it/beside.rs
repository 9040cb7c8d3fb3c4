//! Releases whose commit the branch does not contain.

use crate::support::Sandbox;

/// v1.0.0, then a fix that was released as v1.0.1 and amended after the tag was set, then another fix.
fn amended() -> Sandbox {
    let sandbox = Sandbox::repository();
    sandbox.commit("feat: begin");
    sandbox.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    sandbox.file("a", "a").commit("fix: a");
    sandbox.git(&["tag", "-a", "-m", "x", "v1.0.1"]);
    sandbox.file("b", "b").git(&["add", "b"]);
    sandbox.git(&["commit", "--quiet", "--amend", "--no-edit"]);
    sandbox.commit("fix: c");
    sandbox
}

#[test]
fn a_release_that_was_rebased_away_still_counts() {
    let sandbox = amended();
    let warning = "warning: `v1.0.1` names e33db11, which HEAD does not contain; \
                   it counts all the same, as HEAD has all its changes";
    sandbox.run(&["next"]).says(0, "1.0.2", warning);
    sandbox.run(&["next", "--explain"]).says(
        0,
        "1.0.2",
        &format!(
            "{warning}\n\
             release: patch: 1 fix since v1.0.1\n\
             base      v1.0.1 (e33db11), 2 commits since\n\
             patch     [..]  fix: c\n\
             ignored   [..]  fix: a  (a release contains a copy of it)"
        ),
    );
    sandbox.run(&["release", "-q"]).says(0, "1.0.1 -> 1.0.2", warning);
    assert!(!sandbox.read("CHANGELOG.md").contains("- a "), "what was released before is no news");
}

#[test]
fn a_release_with_a_change_of_its_own_is_in_the_way() {
    let sandbox = Sandbox::repository();
    sandbox.commit("feat: begin");
    sandbox.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    sandbox.git(&["switch", "--quiet", "--create", "side"]);
    sandbox.commit("fix: a");
    sandbox.git(&["tag", "-a", "-m", "x", "v1.0.1"]);
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.commit("fix: c");
    sandbox.run(&["next"]).says(
        4,
        "",
        "error: the next version 1.0.1 is taken: the tag `v1.0.1` names [..], which HEAD does not contain\n\
         hint: [..]",
    );
}
