//! Checks as functions from facts to findings, each with a stable code and its mend.

use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::changelog;
use super::plan::Decision;
use super::text;

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    pub code: &'static str,
    pub problem: String,
    pub mend: String,
}

/// What `verify` looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// VERSION.txt at HEAD.
    pub version: Option<&'a Version>,
    pub changelog: Option<&'a str>,
    /// The other version files at HEAD, each with what is wrong with it, if anything.
    pub version_files: Vec<(&'a str, Option<String>)>,
    /// Every version that has a tag.
    pub released: &'a [Version],
    pub decision: &'a Decision,
    /// The tag of `version`, with what was found out about it.
    pub tag: Option<TagFacts>,
    /// Whether a release was cut short.
    pub journal: bool,
    /// What the remote has; `None` if it was not asked.
    pub remote: Option<RemoteFacts>,
}

/// The tag of the version that VERSION.txt names.
#[derive(Debug, Clone)]
pub struct TagFacts {
    pub name: String,
    pub annotated: bool,
    /// Whether the branch contains its commit.
    pub on_branch: bool,
    /// VERSION.txt in the tagged tree.
    pub version_there: Option<Version>,
}

/// What the remote has of the newest release.
#[derive(Debug, Clone)]
pub struct RemoteFacts {
    pub name: String,
    pub tag: Option<String>,
    pub has_tag: bool,
    pub same_tag: bool,
    pub has_commit: bool,
}

fn finding(code: &'static str, problem: String, mend: &str) -> Finding {
    Finding { code, problem, mend: mend.to_owned() }
}

/// Where VERSION.txt, CHANGELOG.md, the tags and the remote disagree.
pub fn verify(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.journal {
        let problem = "a release was cut short".to_owned();
        found.push(finding("journal", problem, "run `shipmark release`, which finishes it"));
    }
    let Some(version) = facts.version else {
        let problem = "there is no VERSION.txt at HEAD".to_owned();
        found.push(finding("version-file", problem, "run `shipmark init` and commit what it writes"));
        return found;
    };
    let base = facts.decision.base.as_ref().map(|base| &base.version);
    if base.is_some_and(|base| version < base) {
        let problem = format!("VERSION.txt says {version}, below the release {}", base.unwrap_or(version));
        found.push(finding(
            "version-behind",
            problem,
            "run `shipmark bump --set` with the release's version",
        ));
    }
    for (path, wrong) in &facts.version_files {
        if let Some(wrong) = wrong {
            let problem = format!("`{}`, which should say {version}: {wrong}", text::line(path));
            found.push(finding(
                "version-file-differs",
                problem,
                "mend it and commit it, or its entry in shipmark.toml",
            ));
        }
    }
    found.extend(facts.tag.iter().flat_map(|tag| of_tag(tag, version)));
    found.extend(of_changelog(facts, version));
    found.extend(facts.remote.iter().flat_map(of_remote));
    found
}

fn of_tag(tag: &TagFacts, version: &Version) -> Vec<Finding> {
    let name = text::line(&tag.name);
    let mut found = Vec::new();
    if !tag.annotated {
        let problem =
            format!("the tag `{name}` is lightweight: `git describe` and `push.followTags` pass over it");
        found.push(finding(
            "tag-lightweight",
            problem,
            &format!("git tag -a -f -m {name} {name} {name}^{{}}"),
        ));
    }
    if !tag.on_branch {
        let problem = format!("the tag `{name}` names a commit that this branch does not contain");
        found.push(finding("tag-elsewhere", problem, &format!("git merge {name}")));
    }
    if tag.version_there.as_ref().is_some_and(|there| there != version) {
        let there = tag.version_there.as_ref().map(Version::to_string).unwrap_or_default();
        let problem = format!("VERSION.txt at the tag `{name}` says {there}");
        found.push(finding("tag-lies", problem, "release again; a pushed tag is never moved"));
    }
    found
}

fn of_changelog(facts: &Facts, version: &Version) -> Vec<Finding> {
    let Some(text) = facts.changelog else { return Vec::new() };
    let sections = changelog::versions(text);
    let released = |version: &Version| facts.released.contains(version);
    let mut found = Vec::new();
    match sections.first() {
        Some(top) if top != version && facts.tag.is_some() => {
            let problem = format!("CHANGELOG.md begins with {top}, VERSION.txt says {version}");
            found.push(finding("changelog-top", problem, "let `shipmark release` write both"));
        }
        _ => {}
    }
    for section in sections.iter().filter(|section| !released(section) && *section != version) {
        let problem = format!("CHANGELOG.md has a section {section}, which has no tag");
        found.push(finding("changelog-untagged", problem, "run `git fetch --tags`, or remove the section"));
    }
    found
}

fn of_remote(remote: &RemoteFacts) -> Vec<Finding> {
    let Some(tag) = &remote.tag else { return Vec::new() };
    let (tag, name) = (text::line(tag), text::line(&remote.name));
    let mut found = Vec::new();
    if !remote.has_tag {
        let problem = format!("the remote `{name}` does not have the tag `{tag}`");
        found.push(finding("remote-tag", problem, &format!("git push --atomic {name} HEAD refs/tags/{tag}")));
    } else if !remote.same_tag {
        let problem = format!("the remote `{name}` has another object as the tag `{tag}`");
        found.push(finding("remote-tag-differs", problem, "git fetch --tags --force, and see who moved it"));
    }
    if !remote.has_commit {
        let problem = format!("the branch on `{name}` does not contain the tag `{tag}`");
        found.push(finding("remote-branch", problem, &format!("git push {name} HEAD")));
    }
    found
}

/// A release tag that is about to be pushed.
#[derive(Debug)]
pub struct PushedTag<'a> {
    pub name: &'a str,
    /// The version that its name says.
    pub version: &'a Version,
    pub deleted: bool,
    /// Whether the remote has it on another object.
    pub moved: bool,
    pub annotated: bool,
    /// VERSION.txt in the tagged tree.
    pub version_there: Option<Version>,
    /// The other version files in the tagged tree that say something else, and what.
    pub version_files: Vec<(&'a str, String)>,
    /// The first section of CHANGELOG.md in the tagged tree.
    pub changelog_top: Option<Version>,
    /// The version that the commits since the release before ask for.
    pub asked: Option<Version>,
}

/// What a release tag says that is not so.
pub fn pushed_tag(tag: &PushedTag) -> Vec<Finding> {
    let (name, version) = (text::line(tag.name), tag.version);
    if tag.deleted {
        let problem = format!("the release tag `{name}` would be deleted, and someone may have fetched it");
        return vec![finding("tag-deleted", problem, "release a mend instead")];
    }
    let mut found = Vec::new();
    if tag.moved {
        let problem = format!("the release tag `{name}` would move to another commit");
        found.push(finding("tag-moved", problem, "release a mend under a new version"));
    }
    if !tag.annotated {
        let problem = format!("the tag `{name}` is lightweight");
        found.push(finding("tag-lightweight", problem, &format!("git tag -d {name}, then `shipmark tag`")));
    }
    match &tag.version_there {
        Some(there) if there != version => {
            let problem = format!("the tag `{name}` holds a VERSION.txt that says {there}");
            found.push(finding("tag-lies", problem, "let `shipmark release` write both"));
        }
        _ => {}
    }
    for (path, wrong) in &tag.version_files {
        let problem = format!("the tag `{name}` holds a `{}` whose {wrong}", text::line(path));
        found.push(finding("tag-lies", problem, "let `shipmark release` write them all"));
    }
    match &tag.changelog_top {
        Some(top) if top != version => {
            let problem = format!("the tag `{name}` holds a CHANGELOG.md that begins with {top}");
            found.push(finding("changelog-top", problem, "let `shipmark release` write both"));
        }
        _ => {}
    }
    match &tag.asked {
        Some(asked) if version < asked => {
            let problem = format!("the commits of `{name}` ask for {asked}");
            found.push(finding("tag-too-low", problem, "git tag -d it and run `shipmark release`"));
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::Rule;
    use crate::domain::plan::Tag;
    use crate::domain::version::Zero;

    fn decision(base: &str) -> Decision {
        let version = Version::parse(base).unwrap();
        let base = Tag { name: format!("v{base}"), version: version.clone(), commit: "c".to_owned() };
        Decision {
            current: version.clone(),
            next: version,
            tag: base.name.clone(),
            released: false,
            bump: None,
            rule: Rule::Commits,
            reason: String::new(),
            zero: Zero::Semver,
            base: Some(base),
            commits: 0,
            deciding: Vec::new(),
            ignored: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn codes(change: impl FnOnce(&mut Facts)) -> Vec<&'static str> {
        let decision = decision("1.1.0");
        let version = Version::new(1, 1, 0);
        let released = [decision.base.clone().unwrap().version];
        let mut facts = Facts {
            version: Some(&version),
            changelog: Some("## 1.1.0\n"),
            version_files: vec![("package.json", None)],
            released: &released,
            decision: &decision,
            tag: Some(TagFacts {
                name: "v1.1.0".to_owned(),
                annotated: true,
                on_branch: true,
                version_there: Some(version.clone()),
            }),
            journal: false,
            remote: None,
        };
        change(&mut facts);
        verify(&facts).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_pushed_tag_is_judged_by_what_it_holds() {
        let (version, other) = (Version::new(1, 1, 0), Version::new(1, 2, 0));
        let codes = |change: fn(&mut PushedTag, Version)| {
            let mut tag = PushedTag {
                name: "v1.1.0",
                version: &version,
                deleted: false,
                moved: false,
                annotated: true,
                version_there: Some(version.clone()),
                version_files: Vec::new(),
                changelog_top: None,
                asked: Some(Version::new(1, 0, 1)),
            };
            change(&mut tag, other.clone());
            pushed_tag(&tag).into_iter().map(|finding| finding.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(|_, _| {}), [] as [&str; 0]);
        assert_eq!(codes(|tag, _| tag.deleted = true), ["tag-deleted"]);
        assert_eq!(codes(|tag, _| tag.moved = true), ["tag-moved"]);
        assert_eq!(codes(|tag, _| tag.annotated = false), ["tag-lightweight"]);
        assert_eq!(codes(|tag, other| tag.version_there = Some(other)), ["tag-lies"]);
        let lie = |tag: &mut PushedTag, _| tag.version_files = vec![("a.json", "line 1 says `1`".to_owned())];
        assert_eq!(codes(lie), ["tag-lies"]);
        assert_eq!(codes(|tag, other| tag.changelog_top = Some(other)), ["changelog-top"]);
        assert_eq!(codes(|tag, other| tag.asked = Some(other)), ["tag-too-low"]);
    }

    #[test]
    fn agreement_is_silent_and_each_disagreement_has_its_code() {
        static OLD: Version = Version::new(1, 0, 0);
        assert_eq!(codes(|_| {}), [] as [&str; 0]);
        assert_eq!(codes(|facts| facts.journal = true), ["journal"]);
        assert_eq!(codes(|facts| facts.version = None), ["version-file"]);
        assert_eq!(
            codes(|facts| {
                facts.version = Some(&OLD);
                facts.tag = None;
            }),
            ["version-behind"]
        );
        assert_eq!(
            codes(|facts| facts.version_files[0].1 = Some("it is not there".to_owned())),
            ["version-file-differs"]
        );
        assert_eq!(
            codes(|facts| facts.changelog = Some("## 1.2.0\n\n## 1.1.0\n")),
            ["changelog-top", "changelog-untagged"]
        );
        assert_eq!(codes(|facts| facts.tag.as_mut().unwrap().annotated = false), ["tag-lightweight"]);
        assert_eq!(codes(|facts| facts.tag.as_mut().unwrap().on_branch = false), ["tag-elsewhere"]);
        assert_eq!(
            codes(|facts| facts.tag.as_mut().unwrap().version_there = Some(OLD.clone())),
            ["tag-lies"]
        );
        let remote = |has_tag, same_tag, has_commit| {
            codes(|facts| {
                facts.remote = Some(RemoteFacts {
                    name: "origin".to_owned(),
                    tag: Some("v1.1.0".to_owned()),
                    has_tag,
                    same_tag,
                    has_commit,
                });
            })
        };
        assert_eq!(remote(true, true, true), [] as [&str; 0]);
        assert_eq!(remote(false, false, false), ["remote-tag", "remote-branch"]);
        assert_eq!(remote(true, false, true), ["remote-tag-differs"]);
    }
}
