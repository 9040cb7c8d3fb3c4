//! The files that hold the version beside VERSION.txt: all of them change, or none.

use crate::support::{Remote, Sandbox, released, state};

const CONFIG: &str = "\
[[version_file]]
path = \"package.json\"
key = \"version\"

[[version_file]]
path = \"app/pom.xml\"
key = \"project/version\"

[[version_file]]
path = \"chart.yaml\"
key = \"version\"

[[version_file]]
path = \"Cargo.toml\"
key = \"package.version\"

[[version_file]]
path = \"Cargo.lock\"
format = \"cargo-lock\"

[[version_file]]
path = \"door.py\"
pattern = '^__version__ = \"(?<version>[^\"]+)\"$'
";

/// Every file with `{}` for the version.
const FILES: [(&str, &str); 6] = [
    ("package.json", "{\n\t\"dep\": {\"version\": \"1.0.0\"},\n\t\"version\" :  \"{}\"\n}"),
    ("app/pom.xml", "<project>\n  <!-- 1.0.0 -->\n  <version>{}</version>\n</project>\n"),
    ("chart.yaml", "# chart\nappVersion: '1.0.0' # not ours\nversion:   \"{}\"   # ours\n"),
    ("Cargo.toml", "[package]\nname = 'door'\nversion = '{}' # ours\n[dependencies]\nx = \"1.0.0\"\n"),
    (
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"door\"\nversion = \"{}\"\n\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"registry\"\n",
    ),
    ("door.py", "# __version__ = \"1.0.0\"\n__version__ = \"{}\"\n"),
];

fn with_files() -> Sandbox {
    let sandbox = released();
    sandbox.file("shipmark.toml", CONFIG);
    for (path, text) in FILES {
        sandbox.file(path, &text.replace("{}", "1.0.0"));
    }
    sandbox.commit("chore: files");
    sandbox
}

#[track_caller]
fn all_say(sandbox: &Sandbox, version: &str) {
    for (path, text) in FILES {
        assert_eq!(sandbox.read(path), text.replace("{}", version), "{path}");
    }
    assert_eq!(sandbox.read("VERSION.txt"), format!("{version}\n"));
}

#[test]
fn a_release_sets_every_file_and_undo_sets_it_back() {
    let sandbox = with_files();
    let listed =
        "VERSION.txt, CHANGELOG.md, package.json, app/pom.xml, chart.yaml, Cargo.toml, Cargo.lock, door.py";
    let before = state(&sandbox);
    sandbox.run(&["release"]).says(
        0,
        "1.0.0 -> 1.1.0",
        &format!(
            "released  minor: 1 feat, 1 fix since v1.0.0\nfiles   {listed}\n\
             commit  [..]  chore(release): 1.1.0\ntag     v1.1.0"
        ),
    );
    all_say(&sandbox, "1.1.0");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    sandbox.run(&["verify"]).says(0, "", "all agree on 1.1.0");
    sandbox.run(&["undo"]).exits(0);
    all_say(&sandbox, "1.0.0");
    assert_eq!(state(&sandbox), before);
}

#[test]
fn bump_sets_every_file_and_a_release_then_only_tags_them() {
    let sandbox = with_files();
    sandbox.run(&["bump", "--set", "2.0.0"]).says(
        0,
        "1.0.0 -> 2.0.0",
        "files   VERSION.txt, package.json, app/pom.xml, chart.yaml, Cargo.toml, Cargo.lock, door.py",
    );
    all_say(&sandbox, "2.0.0");
    sandbox.commit("chore: bump");
    sandbox.run(&["release"]).says(
        0,
        "1.0.0 -> 2.0.0",
        "released  VERSION.txt is ahead of the newest release\nfiles   CHANGELOG.md\n\
         commit  [..]  chore(release): 2.0.0\ntag     v2.0.0",
    );
}

#[test]
fn one_file_that_disagrees_keeps_all_as_they_are() {
    let sandbox = with_files();
    sandbox.file("door.py", "\n__version__ = \"1.0.1\"\n");
    sandbox.commit("chore: a slip");
    let refusal = "error: `door.py` cannot be used\n  1: line 2: it says `1.0.1`, where the current version is 1.0.0\n\
                   hint: write 1.0.0 there and commit it; nothing was changed";
    for args in [&["release"][..], &["release", "--dry-run"], &["bump", "--minor"]] {
        let before = state(&sandbox);
        sandbox.run(args).exits(4);
        assert_eq!(state(&sandbox), before, "{args:?}");
    }
    sandbox.run(&["release"]).says(4, "", refusal);
    sandbox.run(&["bump", "--minor"]).says(4, "", refusal);
    sandbox.run(&["verify"]).says(
        1,
        "version-file-differs `door.py`, which should say 1.0.0: line 2 says `1.0.1`\n[..]mend it and commit it, or its entry in shipmark.toml\n\
         tag-lightweight    [..]\n[..]",
        "2 disagreements; 1.1.0 is due",
    );
}

#[test]
fn a_version_file_is_managed_like_the_others() {
    let sandbox = with_files();
    let refused = |said: &str| {
        let before = state(&sandbox);
        sandbox.run(&["release"]).says(4, "", said);
        assert_eq!(state(&sandbox), before);
        sandbox.git(&["reset", "--quiet", "--hard"]);
    };
    sandbox.file("chart.yaml", "version: 1.0.0\n");
    refused(
        "error: `chart.yaml` has changes that are not committed\n\
         hint: commit it, or put it aside with `git stash push -- chart.yaml`",
    );
    sandbox.git(&["rm", "--quiet", "door.py"]);
    sandbox.commit("chore: no door");
    refused(
        "error: `door.py` is not there\nhint: commit `door.py`, or remove it from `version_file` in shipmark.toml",
    );
    sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    sandbox.file(".gitattributes", "*.json filter=lfs\n");
    refused(
        "error: `package.json` goes through the filter `lfs` of git\n\
         hint: take the attribute `filter` off `package.json` in .gitattributes",
    );
    sandbox.remove(".gitattributes");
    sandbox.git(&["mv", "app", "other"]);
    sandbox.symlink("other", "app");
    sandbox.commit("chore: a link");
    refused("error: `[ROOT]/helpdesk/app` is a symbolic link, not a folder");
}

#[test]
fn a_file_of_a_submodule_is_not_ours() {
    let sandbox = released();
    sandbox.git(&["init", "--quiet", "part"]);
    sandbox.git(&["-C", "part", "commit", "--quiet", "--allow-empty", "-m", "begin"]);
    sandbox.file("part/package.json", "{\"version\": \"1.0.0\"}");
    sandbox.file("shipmark.toml", "[[version_file]]\npath = \"part/package.json\"\nkey = \"version\"\n");
    sandbox.commit("chore: a part");
    let before = state(&sandbox);
    for args in [&["release"][..], &["bump", "--minor"]] {
        sandbox.run(args).says(
            4,
            "",
            "error: `part/package.json` belongs to the repository in `part`\n\
             hint: release it there, and remove `part/package.json` from `version_file` in shipmark.toml",
        );
    }
    assert_eq!(state(&sandbox), before);
}

#[test]
fn a_pushed_tag_must_not_hold_another_version() {
    let sandbox = with_files();
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.file("VERSION.txt", "1.1.0\n");
    sandbox.commit("chore: by hand");
    sandbox.git(&["tag", "-a", "-m", "x", "v1.1.0"]);
    let oid = sandbox.git(&["rev-parse", "v1.1.0"]);
    let line = format!("refs/tags/v1.1.0 {oid} refs/tags/v1.1.0 {}\n", "0".repeat(40));
    let pushed = sandbox.run_with(&["hook", "pre-push", "--", "origin", "x"], &line);
    assert_eq!(pushed.exits(1), "");
    assert!(
        pushed.stderr.contains(
            "tag-lies: the tag `v1.1.0` holds a `package.json` whose line 3 says `1.0.0`\n        let `shipmark release` write them all"
        ),
        "{}",
        pushed.stderr
    );
    drop(remote);
}
