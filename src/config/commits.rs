//! How commits are read, and which levels they have beside those of their types.

use super::layer::Leaves;
use super::{ConfigError, Setting, level};
use crate::domain::decide::OwnRule;
use crate::domain::glob::Glob;
use crate::domain::reading::{Field, Filter, Reading};

pub(super) fn reading(leaves: &Leaves) -> Result<Reading, ConfigError> {
    let get = |path: &str| Setting::of(leaves, path);
    Ok(Reading {
        squash_bodies: get("commits.squash_bodies").flag()?.unwrap_or(false),
        first_parent: get("commits.first_parent").flag()?.unwrap_or(false),
        exclude: Setting::tables(leaves, &["commits", "exclude"])
            .iter()
            .map(|table| filter(leaves, table))
            .collect::<Result<_, _>>()?,
    })
}

fn filter(leaves: &Leaves, table: &str) -> Result<Filter, ConfigError> {
    let path = ["commits", table];
    let get = |field: &str| Setting::at(leaves, &["commits", table, field]);
    let field = get("field").parsed("author.name, author.email or header", |text| {
        Field::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, field)| field)
    })?;
    let pattern = get("pattern").parsed("a regular expression", Filter::parse_pattern)?;
    Ok(Filter {
        field: field.ok_or_else(|| Setting::lacking(leaves, &path, "field"))?,
        pattern: pattern.ok_or_else(|| Setting::lacking(leaves, &path, "pattern"))?,
    })
}

pub(super) fn rules(leaves: &Leaves) -> Result<Vec<OwnRule>, ConfigError> {
    Setting::tables(leaves, &["bump", "rules"]).iter().map(|table| rule(leaves, table)).collect()
}

fn rule(leaves: &Leaves, table: &str) -> Result<OwnRule, ConfigError> {
    let get = |field: &str| Setting::at(leaves, &["bump", table, field]);
    let level = get("level").parsed(super::LEVEL, level)?;
    Ok(OwnRule {
        r#type: get("type")
            .parsed("a glob such as `feat*`", |text| Glob::parse(&text.to_ascii_lowercase()))?,
        scope: get("scope").parsed("a glob such as `api-*`", Glob::parse)?,
        breaking: get("breaking").flag()?.unwrap_or(false),
        level: level.ok_or_else(|| Setting::lacking(leaves, &["bump", table], "level"))?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Origin, layer};
    use crate::domain::version::Bump;

    fn leaves(text: &str) -> Result<Leaves, ConfigError> {
        let mut leaves = Leaves::new();
        let origin = |file, line| Origin::Repository { file, line };
        layer::read(text, Path::new("shipmark.toml"), origin, &mut leaves).map(|()| leaves)
    }

    #[test]
    fn filters_and_rules_are_read() {
        let leaves = leaves(concat!(
            "[commits]\nsquash_bodies = true\nexclude = [{ field = \"author.email\", pattern = \"bot\" }]\n",
            "[[bump.rules]]\ntype = \"Docs\"\nscope = \"api*\"\nlevel = \"patch\"\n[[bump.rules]]\nbreaking = true\nlevel = \"none\"\n",
        ))
        .unwrap();
        let reading = reading(&leaves).unwrap();
        assert!(reading.squash_bodies && !reading.first_parent);
        assert_eq!(reading.exclude[0].field, Field::AuthorEmail);
        let rules = rules(&leaves).unwrap();
        assert_eq!((rules[0].level, rules[0].breaking), (Some(Bump::Patch), false));
        assert_eq!((rules[1].level, rules[1].breaking), (None, true));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            (
                "commits.exclude = [{ field = \"author\", pattern = \"x\" }]",
                "1: `commits.exclude[0].field` is `author`, not author.name, author.email or header",
            ),
            (
                "commits.exclude = [{ field = \"header\", pattern = \"(\" }]",
                "1: `commits.exclude[0].pattern` is `(`, not a regular expression",
            ),
            (
                "\n[[bump.rules]]\ntype = \"docs\"",
                "2: `bump.rules[0].level` is missing, which the other keys of this table need",
            ),
            (
                "[[bump.rules]]\nlevel = \"big\"",
                "2: `bump.rules[0].level` is `big`, not major, minor, patch or none",
            ),
            (
                "[[bump.rules]]\nlevel = \"none\"\ntype = \"[\"",
                "3: `bump.rules[0].type` is `[`, not a glob such as `feat*`",
            ),
            ("commits.squash_bodies = 1", "1: `commits.squash_bodies` is `1`, not true or false"),
        ] {
            let error = leaves(text).and_then(|leaves| reading(&leaves).and(rules(&leaves).map(|_| ())));
            assert_eq!(error.unwrap_err().to_string(), format!("shipmark.toml:{message}"), "{text}");
        }
    }
}
