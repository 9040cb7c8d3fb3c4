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

/// Headings and lists stand between blank lines, no two blank lines follow each other, and no two headings of one
/// section are the same: rules MD012, MD022, MD024 (siblings) and MD032 of markdownlint.
#[track_caller]
fn is_clean(text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let mut siblings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| lines[at]);
        let after = lines.get(at + 1).copied().unwrap_or_default();
        assert!(!(line.is_empty() && after.is_empty() && at + 1 < lines.len()), "MD012 at {at}:\n{text}");
        if line.starts_with('#') {
            assert!(before.is_empty() && after.is_empty(), "MD022 at {at}:\n{text}");
            if line.starts_with("## ") {
                siblings.clear();
            }
            assert!(!siblings.contains(line), "MD024 at {at}:\n{text}");
            siblings.push(line);
        }
        let is_item = |line: &str| line.starts_with("- ");
        if is_item(line) {
            assert!(before.is_empty() || is_item(before), "MD032 at {at}:\n{text}");
            assert!(after.is_empty() || is_item(after), "MD032 at {at}:\n{text}");
        }
    }
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "MD047:\n{text}");
}

#[test]
fn what_is_written_is_clean_markdown() {
    let sandbox = released();
    sandbox.file("shipmark.toml", "changelog.contributors = \"all\"\n");
    sandbox.file("CHANGELOG.md", "# Log\n\n## Unreleased\n\nMind the gap.\n\n### Security\n\n- by hand\n");
    sandbox.commit("feat!: another\n\nBREAKING CHANGE: gone\n\n- x\n\n# y");
    sandbox.run(&["changelog", "--write"]).exits(0);
    is_clean(&sandbox.read("CHANGELOG.md"));
    sandbox.commit("docs: write");
    sandbox.run(&["release"]).exits(0);
    is_clean(&sandbox.read("CHANGELOG.md"));
    sandbox.commit("docs: no user sees this");
    sandbox.run(&["release", "--set", "9.0.0"]).exits(0);
    sandbox.run(&["changelog", "--all", "--write"]).exits(0);
    let text = sandbox.read("CHANGELOG.md");
    is_clean(&text);
    assert!(
        text.contains(
            "## 9.0.0 - 2026-01-31\n\nNo change that its users would notice.\n\n### Contributors\n\nBy Ada.\n"
        ),
        "{text}"
    );
}

#[test]
fn headings_links_and_contributors_are_configured() {
    let sandbox = released();
    sandbox.file(
        "shipmark.toml",
        "[links]\nhost = \"gitlab\"\nbase = \"https://git.example/acme/helpdesk\"\n\n[[links.issues]]\npattern = \"HD-[0-9]+\"\n\
         url = \"https://tracker.example/{issue}\"\n\n[[changelog.group]]\ntitle = \"Interface_\"\nscopes = [\"ui\"]\norder = 5\n\n\
         [[changelog.group]]\ntitle = \"Documentation\"\ntypes = [\"docs\"]\n",
    );
    sandbox.file(".mailmap", "Ada Lovelace <ada@example.org>\nGrace Hopper <grace@navy.example> gh <g@x>\n");
    sandbox.commit("fix(ui): a pane, HD-3\n\nCloses #12\nCo-authored-by: gh <g@x>\nCo-authored-by: nobody");
    sandbox.run(&["release"]).exits(0);
    let text = sandbox.read("CHANGELOG.md");
    let page = "https://git.example/acme/helpdesk/-";
    let entry = format!(
        "- **ui:** a pane, HD-3, see [HD-3](https://tracker.example/HD-3), [#12]({page}/issues/12) (["
    );
    assert!(
        text.contains(&format!(
            "## [1.1.0]({page}/compare/v1.0.0...v1.1.0) - 2026-01-31\n\n### Interface\\_\n\n{entry}"
        )),
        "{text}"
    );
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("### ")).collect();
    assert_eq!(headings, ["### Interface\\_", "### Added", "### Fixed", "### Documentation"]);
    let message = sandbox.git(&["tag", "--list", "--format=%(contents)", "v1.1.0"]);
    assert!(
        message.contains("\n\n### Contributors\n\nBy Ada Lovelace and Grace Hopper.\n\nShipmark-Report: {\"app\":\"helpdesk\",\"bump\":\"minor\"}\nRelease-Id: "
        ),
        "{message}"
    );
    assert!(message.starts_with("helpdesk 1.1.0\n\n### Interface"), "{message}");
}

#[test]
fn templates_of_the_repository_take_the_place_of_ours() {
    let sandbox = released();
    sandbox.file("shipmark.toml", "templates.dir = \"notes\"\n");
    sandbox.run(&["changelog"]).says(
        3,
        "",
        "error: `notes`, which `templates.dir` names, holds no template\n\
         hint: a template is named `changelog.hbs`, `release-notes.hbs`, `entry.hbs`, `contributors.hbs`",
    );
    sandbox.file("notes/entry.hbs", "- {{text}} ({{{short}}})\n").file("notes/README", "not a template");
    sandbox.run(&["changelog"]).says(
        0,
        "## Unreleased\n\n### Added\n\n- a window (b828099)\n\n### Fixed\n\n- a door (46aa1c2)\n",
        "",
    );
    sandbox.file("notes/entry.hbs", "- {{text}}\n  {{nothing}}\n");
    sandbox.run(&["changelog"]).says(
        3,
        "",
        "error: notes/entry.hbs:2:3: [..]nothing[..]\nhint: mend the template; the README lists what it may use",
    );
    sandbox.file("notes/changelog.hbs", "{{#if");
    sandbox.run(&["changelog"]).says(
        3,
        "",
        "error: notes/changelog.hbs:1:[..]\nhint: mend the template; the README lists what it may use",
    );
    sandbox.file("notes/changelgo.hbs", "");
    sandbox.run(&["release"]).says(
        3,
        "",
        "error: `notes/changelgo.hbs` is no template of ours\n\
         hint: a template is named `changelog.hbs`, `release-notes.hbs`, `entry.hbs`, `contributors.hbs`",
    );
}

#[test]
fn a_type_with_a_heading_is_a_known_type() {
    let sandbox = released();
    sandbox.file("message", "deps: another library\n");
    sandbox.run(&["lint", "--message-file", "message"]).exits(1);
    sandbox.file("shipmark.toml", "[[changelog.group]]\ntitle = \"Libraries\"\ntypes = [\"deps\"]\n");
    sandbox.run(&["lint", "--message-file", "message"]).says(0, "", "1 checked, 0 refused");
}
