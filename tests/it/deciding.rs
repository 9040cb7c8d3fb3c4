//! What the configuration, notes and picks make of the commits.

use crate::support::{Remote, Sandbox, released};

#[test]
fn a_note_corrects_a_message_everywhere() {
    let sandbox = released();
    let remote = Remote::of(&sandbox);
    sandbox.run(&["note", "HEAD", "-m", "nothing conventional"]).says(
        1,
        "",
        "nothing conventional\n  error   header: column 8: a type and a colon are missing at the start\n[..]",
    );
    sandbox.run(&["note", "HEAD", "-m", "feat!: words that break"]).says(
        0,
        "[..]  docs: no release\n->       feat!: words that break",
        "share it with `git push origin refs/notes/shipmark`",
    );
    let decision = sandbox.run(&["next", "--json"]).json(0);
    assert_eq!((&decision["next"], &decision["bump"]), (&"2.0.0".into(), &"major".into()));
    assert_eq!(decision["deciding"][0]["message_source"], "note");
    assert_eq!(decision["deciding"][1]["message_source"], "commit");
    assert!(sandbox.run(&["changelog", "--all"]).exits(0).contains("- words that break ("));
    sandbox.run(&["note", "HEAD", "--ignore"]).exits(0);
    sandbox.run(&["note", "HEAD~1", "--ignore"]).exits(0);
    let explained = sandbox.run(&["next", "--explain"]);
    assert_eq!(explained.exits(0), "1.0.1\n");
    assert!(
        explained.stderr.contains("feat: a window (#7)  (an empty note takes it out)"),
        "{}",
        explained.stderr
    );
    assert!(!sandbox.run(&["changelog"]).exits(0).contains("window"));
    assert!(!sandbox.run(&["changelog", "--all"]).exits(0).contains("window"));
    sandbox.run(&["note", "HEAD~1", "--remove"]).exits(0);
    sandbox.run(&["next"]).says(0, "1.1.0", "");
    sandbox.run(&["note", "HEAD~1", "--remove"]).says(
        4,
        "",
        "error: b828099 has no correction\nhint: see them with `git notes --ref shipmark list`",
    );
    drop(remote);
}

#[test]
fn commits_count_as_the_configuration_says() {
    let sandbox = released();
    let next = |text: &str, version: &str| {
        sandbox.file("shipmark.toml", text);
        let said = sandbox.run(&["next"]);
        assert_eq!(said.exits(0), format!("{version}\n"), "{text}");
    };
    next("", "1.1.0");
    next("commits.exclude = [{ field = \"header\", pattern = \"window\" }]", "1.0.1");
    next("commits.exclude = [{ field = \"author.email\", pattern = \"^ada@\" }]", "1.0.0");
    next("bump.types = { \"*\" = \"major\" }", "2.0.0");
    next("[[bump.rules]]\ntype = \"docs\"\nlevel = \"major\"", "2.0.0");
    sandbox.file("shipmark.toml", "");
    sandbox.commit("chore: a squash (#9)\n\n* feat!: another\n* fix: b");
    next("commits.squash_bodies = true", "2.0.0");
    let changelog = sandbox.run(&["changelog"]);
    assert!(changelog.exits(0).contains("### Breaking changes\n\n- another ("), "{}", changelog.stdout);
    let explained = sandbox.run(&["next", "--explain"]);
    assert!(
        explained.exits(0) == "2.0.0\n" && explained.stderr.contains("4 commits since"),
        "{}",
        explained.stderr
    );
    sandbox.file("shipmark.toml", "");
    sandbox.git(&["switch", "--quiet", "--create", "topic", "v1.0.0"]);
    sandbox.commit("feat!: on a branch");
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge pull request #3 from topic\n\nfeat: as a whole (#3)",
        "topic",
    ]);
    next("", "2.0.0");
    next("commits.first_parent = true", "1.1.0");
    let compared = sandbox.run(&["compare", "v1.0.0", "HEAD"]);
    assert!(compared.exits(0).contains("they amount to a minor bump"), "{}", compared.stdout);
    assert!(sandbox.run(&["changelog"]).exits(0).contains("- as a whole (\\#3) ("));
}

#[test]
fn what_was_released_before_it_was_picked_asks_for_nothing() {
    let sandbox = Sandbox::repository();
    let fix = sandbox.commit("fix: a door");
    sandbox.git(&["tag", "v1.0.0"]);
    sandbox.commit(&format!("fix: a door\n\n(cherry picked from commit {fix})"));
    let explained = sandbox.run(&["next", "--explain"]);
    assert_eq!(explained.exits(0), "1.0.0\n");
    assert!(explained.stderr.contains("(a release contains a copy of it)"), "{}", explained.stderr);
}

#[test]
fn graduation_is_asked_for() {
    let sandbox = Sandbox::repository();
    sandbox.commit("feat: begin");
    sandbox.git(&["tag", "v0.4.0"]);
    sandbox.commit("feat!: more");
    sandbox.run(&["next"]).says(0, "0.5.0", "");
    sandbox.run(&["next", "--graduate"]).says(0, "1.0.0", "");
    sandbox.run(&["release", "--graduate"]).says(
        0,
        "0.4.0 -> 1.0.0",
        "released  1.0.0 was asked for by hand\nfiles   VERSION.txt, CHANGELOG.md\n\
         commit  [..]  chore(release): 1.0.0\ntag     v1.0.0",
    );
    sandbox.run(&["release", "--graduate"]).says(
        4,
        "",
        "error: 1.0.0 is not below 1.0.0, so it cannot graduate\nhint: use `--bump major`",
    );
}
