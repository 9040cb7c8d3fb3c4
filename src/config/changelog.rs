//! What the changelog looks like: headings, contributors, templates, links.

use url::Url;

use super::layer::Leaves;
use super::{ConfigError, Setting, http_address};
use crate::domain::grouping::{Grouping, LAST};
use crate::domain::inside::is_inside;
use crate::domain::links::Forge;
use crate::domain::reference::Tracker;

/// The settings below `changelog`, `templates` and `links`.
#[derive(Debug, Clone)]
pub struct Changelog {
    pub groups: Vec<Grouping>,
    pub contributors: Contributors,
    /// A folder, from the root of the worktree.
    pub templates: Option<String>,
    pub forge: Option<Forge>,
    /// The repository's page.
    pub base: Option<Url>,
    pub trackers: Vec<Tracker>,
}

/// Where the people who made the commits are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Contributors {
    /// In the message of the tag.
    #[default]
    Notes,
    /// In the changelog too.
    All,
    None,
}

pub(super) fn changelog(leaves: &Leaves) -> Result<Changelog, ConfigError> {
    let get = |path: &str| Setting::of(leaves, path);
    let contributors = get("changelog.contributors").parsed("notes, all or none", |name| match name {
        "notes" => Some(Contributors::Notes),
        "all" => Some(Contributors::All),
        "none" => Some(Contributors::None),
        _ => None,
    })?;
    let address =
        |text: &str| http_address(text).filter(|url| url.username().is_empty() && url.password().is_none());
    Ok(Changelog {
        groups: Setting::tables(leaves, &["changelog", "group"])
            .iter()
            .map(|table| group(leaves, table))
            .collect::<Result<_, _>>()?,
        contributors: contributors.unwrap_or_default(),
        templates: get("templates.dir").parsed("the path of a folder in the repository", |text| {
            is_inside(text).then(|| text.to_owned())
        })?,
        forge: get("links.host").parsed("github, gitlab, gitea, forgejo or bitbucket", Forge::from_name)?,
        base: get("links.base").parsed("an http or https address without a name or password", address)?,
        trackers: Setting::tables(leaves, &["links", "issues"])
            .iter()
            .map(|table| tracker(leaves, table))
            .collect::<Result<_, _>>()?,
    })
}

fn group(leaves: &Leaves, table: &str) -> Result<Grouping, ConfigError> {
    let path = ["changelog", table];
    let get = |field: &str| Setting::at(leaves, &["changelog", table, field]);
    let line = |text: &str| {
        (!text.trim().is_empty() && !text.contains(char::is_control)).then(|| text.trim().to_owned())
    };
    let wanted = "a list of types made of ASCII letters, such as `[\"docs\"]`";
    let (types, scopes, order) = (get("types"), get("scopes"), get("order"));
    let title =
        get("title").parsed("one line", line)?.ok_or_else(|| Setting::lacking(leaves, &path, "title"))?;
    let names = types.texts(wanted)?.unwrap_or_default();
    if let Some(leaf) = types.leaf
        && !names.iter().all(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic()))
    {
        return Err(types.refuse(leaf, wanted));
    }
    let scopes = scopes.texts("a list of scopes, such as `[\"api\"]`")?.unwrap_or_default();
    if names.is_empty() && scopes.is_empty() {
        return Err(Setting::lacking(leaves, &path, "types"));
    }
    let number = |leaf: &super::layer::Leaf| {
        leaf.value.as_integer().ok_or_else(|| order.refuse(leaf, "a whole number"))
    };
    Ok(Grouping {
        title,
        types: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
        scopes,
        order: order.leaf.map(number).transpose()?.unwrap_or(LAST),
        configured: true,
    })
}

fn tracker(leaves: &Leaves, table: &str) -> Result<Tracker, ConfigError> {
    let path = ["links", table];
    let get = |field: &str| Setting::at(leaves, &["links", table, field]);
    let pattern = get("pattern").parsed("a pattern such as `HD-[0-9]+`", Tracker::parse_pattern)?;
    let url = get("url").parsed("an http or https address that holds `{issue}`", |text| {
        let sound =
            text.contains("{issue}") && !text.contains(|c: char| c.is_whitespace() || "()<>".contains(c));
        (sound && http_address(&text.replace("{issue}", "1")).is_some()).then(|| text.to_owned())
    })?;
    Ok(Tracker {
        pattern: pattern.ok_or_else(|| Setting::lacking(leaves, &path, "pattern"))?,
        url: url.ok_or_else(|| Setting::lacking(leaves, &path, "url"))?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Origin, layer};

    fn read(text: &str) -> Result<Changelog, String> {
        let mut leaves = Leaves::new();
        let origin = |file, line| Origin::Repository { file, line };
        layer::read(text, Path::new("shipmark.toml"), origin, &mut leaves)
            .and_then(|()| changelog(&leaves))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn headings_trackers_and_hosts_are_read() {
        let read = read(concat!(
            "[[changelog.group]]\ntitle = \"Docs\"\ntypes = [\"Docs\"]\n\n[[changelog.group]]\ntitle = \"UI\"\n",
            "scopes = [\"ui\"]\norder = 5\n\n[links]\nhost = \"forgejo\"\nbase = \"https://git.example/a/b\"\n",
            "[[links.issues]]\npattern = \"HD-[0-9]+\"\nurl = \"https://t.example/{issue}\"\n",
        ))
        .unwrap();
        let found: Vec<(&str, i64, usize)> =
            read.groups.iter().map(|group| (group.title.as_str(), group.order, group.types.len())).collect();
        assert_eq!(found, [("Docs", LAST, 1), ("UI", 5, 0)]);
        assert_eq!(read.groups[0].types, ["docs"]);
        assert_eq!((read.forge, read.trackers.len()), (Some(Forge::Gitea), 1));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            (
                "[[changelog.group]]\ntitle = \"X\"",
                "1: `changelog.group[0].types` is missing, which the other keys of this table need",
            ),
            (
                "[[changelog.group]]\ntypes = [\"a\"]",
                "1: `changelog.group[0].title` is missing, which the other keys of this table need",
            ),
            (
                "[[changelog.group]]\ntitle = \"X\"\ntypes = [\"a-b\"]",
                "3: `changelog.group[0].types` is `[\"a-b\"]`, not a list of types made of ASCII letters, such as `[\"docs\"]`",
            ),
            ("[changelog]\ngroup = 1", "2: `changelog.group` is a list of tables"),
            (
                "templates.dir = \"../x\"",
                "1: `templates.dir` is `../x`, not the path of a folder in the repository",
            ),
            (
                "links.host = \"svn\"",
                "1: `links.host` is `svn`, not github, gitlab, gitea, forgejo or bitbucket",
            ),
            (
                "links.base = \"https://a:b@x\"",
                "1: `links.base` is `https://…@x`, not an http or https address without a name or password",
            ),
            (
                "[[links.issues]]\npattern = \"x*\"\nurl = \"https://t/{issue}\"",
                "2: `links.issues[0].pattern` is `x*`, not a pattern such as `HD-[0-9]+`",
            ),
            (
                "[[links.issues]]\npattern = \"x\"\nurl = \"https://t/\"",
                "3: `links.issues[0].url` is `https://t/`, not an http or https address that holds `{issue}`",
            ),
        ] {
            assert_eq!(read(text).map(|_| ()), Err(format!("shipmark.toml:{message}")), "{text}");
        }
    }
}
