//! `changelog`: what it prints, what it writes, and what it leaves.

use crate::support::released;

#[test]
fn changelog_prints_or_writes_what_is_not_released() {
    let sandbox = released();
    let unreleased = "## Unreleased\n\n### Added\n\n- a window (\\#7) (b828099)\n\n### Fixed\n\n- **api:** a door (46aa1c2)\n";
    sandbox.run(&["changelog"]).says(0, unreleased, "");
    sandbox.run(&["changelog", "--range", "HEAD~1.."]).says(
        0,
        "## Unreleased\n\nNo change that its users would notice.\n",
        "",
    );
    sandbox.file("CHANGELOG.md", "# Ours\n\n## 1.0.0\n\n- kept\n");
    sandbox.run(&["changelog", "--write"]).says(0, "", "CHANGELOG.md updated");
    assert_eq!(sandbox.read("CHANGELOG.md"), format!("# Ours\n\n{unreleased}\n## 1.0.0\n\n- kept\n"));
    sandbox.run(&["changelog", "--write"]).says(0, "", "CHANGELOG.md says it already");
    sandbox.run(&["changelog", "--range", "v1.0.0"]).says(
        2,
        "",
        "error: `v1.0.0` is no range\nhint: write it as `A..B`, such as `v1.0.0..HEAD`",
    );
}

#[test]
fn a_persons_words_survive_and_move_into_the_release() {
    let sandbox = released();
    sandbox.file("CHANGELOG.md", "# Log\n\n## Unreleased\n\nMind the gap.\n");
    sandbox.commit("docs: a word");
    sandbox.run(&["changelog", "--write"]).exits(0);
    sandbox.commit("docs: write");
    sandbox.run(&["release"]).exits(0);
    assert_eq!(
        sandbox.read("CHANGELOG.md"),
        "# Log\n\n## Unreleased\n\n## 1.1.0 - 2026-01-31\n\nMind the gap.\n\n### Added\n\n- a window (\\#7) (b828099)\n\n\
         ### Fixed\n\n- **api:** a door (46aa1c2)\n"
    );
}

#[test]
fn the_changelog_of_every_release_gives_each_commit_to_the_lowest_version_that_has_it() {
    let sandbox = released();
    sandbox.git(&["tag", "v1.1.0"]);
    sandbox.git(&["switch", "--quiet", "--create", "maintenance", "v1.0.0"]);
    sandbox.commit("fix: in both");
    sandbox.git(&["tag", "v1.0.1"]);
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["merge", "--quiet", "--no-edit", "maintenance"]);
    sandbox.git(&["tag", "v1.2.0"]);
    sandbox.commit("feat: soon");
    let latest = sandbox.run(&["changelog", "--latest"]);
    assert!(latest.exits(0).starts_with("## 1.2.0 - "), "{}", latest.stdout);
    let all = sandbox.run(&["changelog", "--all"]);
    let headings: Vec<&str> = all
        .exits(0)
        .lines()
        .filter(|line| line.starts_with("## ") || line.starts_with("- "))
        .map(|line| &line[..8])
        .collect();
    assert_eq!(
        headings,
        [
            "## Unrel", "- soon (", "## 1.2.0", "## 1.1.0", "- a wind", "- **api:", "## 1.0.1", "- in bot",
            "## 1.0.0", "- begin "
        ]
    );
    sandbox.file("CHANGELOG.md", "# Log\n\n## 1.1.0\n\nOurs.\n");
    sandbox.run(&["changelog", "--all", "--write"]).says(0, "", "CHANGELOG.md updated");
    let written = sandbox.read("CHANGELOG.md");
    assert!(written.contains("Ours.\n\n### Added"), "{written}");
    sandbox.run(&["changelog", "--all", "--write"]).says(0, "", "CHANGELOG.md says it already");
}
