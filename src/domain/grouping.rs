//! Under which heading of the notes a commit stands.

/// One heading and what belongs under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    pub title: String,
    /// Commit types in lower case; none: every type.
    pub types: Vec<String>,
    /// Scopes; none: every scope, and no scope.
    pub scopes: Vec<String>,
    /// Smaller stands further up.
    pub order: i64,
    /// Whether the configuration names it; such a one is asked first.
    pub configured: bool,
}

/// The headings of Keep a Changelog 1.1.0 with the types that belong there, from the top.
const DEFAULT: [(&str, &[&str]); 6] = [
    ("Added", &["feat"]),
    ("Changed", &["perf", "revert"]),
    ("Deprecated", &["deprecate"]),
    ("Removed", &["remove"]),
    ("Fixed", &["fix", "hotfix"]),
    ("Security", &["security"]),
];

/// The place of a configured heading that says none: below the default ones.
pub const LAST: i64 = 100;

/// All headings, those of Keep a Changelog 10 apart from 10 on. A configured one replaces the default one of the same
/// title.
pub fn groupings(configured: &[Grouping]) -> Vec<Grouping> {
    let is_free = |title: &str| !configured.iter().any(|own| own.title == title);
    let defaults = DEFAULT.iter().zip(1..).filter(|((title, _), _)| is_free(title));
    let default = |((title, types), place): (&(&str, &[&str]), i64)| Grouping {
        title: (*title).to_owned(),
        types: types.iter().map(|name| (*name).to_owned()).collect(),
        scopes: Vec::new(),
        order: place * 10,
        configured: false,
    };
    let mut all: Vec<Grouping> = configured.iter().cloned().chain(defaults.map(default)).collect();
    all.sort_by_key(|grouping| grouping.order);
    all
}

impl Grouping {
    /// Whether a commit of this type and scope belongs here.
    pub fn takes(&self, r#type: &str, scope: Option<&str>) -> bool {
        let has = |names: &[String], name: &str| names.is_empty() || names.iter().any(|own| own == name);
        has(&self.types, r#type)
            && (self.scopes.is_empty() || scope.is_some_and(|scope| has(&self.scopes, scope)))
    }
}

/// The heading of a commit: the first configured one that takes it, else the default one.
pub fn of<'a>(groupings: &'a [Grouping], r#type: &str, scope: Option<&str>) -> Option<&'a str> {
    let find = |configured: bool| {
        let mut same = groupings.iter().filter(|grouping| grouping.configured == configured);
        same.find(|grouping| grouping.takes(r#type, scope)).map(|grouping| grouping.title.as_str())
    };
    find(true).or_else(|| find(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouping(title: &str, types: &[&str], scopes: &[&str], order: i64) -> Grouping {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Grouping {
            title: title.to_owned(),
            types: owned(types),
            scopes: owned(scopes),
            order,
            configured: true,
        }
    }

    #[test]
    fn a_type_has_its_heading() {
        let all = groupings(&[]);
        assert_eq!(of(&all, "feat", None), Some("Added"));
        assert_eq!(of(&all, "hotfix", Some("api")), Some("Fixed"));
        assert_eq!(of(&all, "docs", None), None);
        let titles: Vec<&str> = all.iter().map(|grouping| grouping.title.as_str()).collect();
        assert_eq!(titles, ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]);
    }

    #[test]
    fn a_configured_heading_comes_first_and_stands_where_it_says() {
        let all = groupings(&[
            grouping("Interface", &[], &["ui"], 5),
            grouping("Fixed", &["fix"], &[], 50),
            grouping("Documentation", &["docs"], &[], LAST),
        ]);
        let titles: Vec<&str> = all.iter().map(|grouping| grouping.title.as_str()).collect();
        assert_eq!(
            titles,
            ["Interface", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Documentation"]
        );
        assert_eq!(of(&all, "feat", Some("ui")), Some("Interface"));
        assert_eq!(of(&all, "feat", None), Some("Added"));
        assert_eq!(of(&all, "hotfix", None), None);
        assert_eq!(of(&all, "docs", None), Some("Documentation"));
    }
}
