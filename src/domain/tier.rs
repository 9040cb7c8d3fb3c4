//! Which stage an environment is, guessed from its name, so that a board needs no settings to be in order.

/// The stages, in the order that a version passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Development,
    Testing,
    Staging,
    Production,
    /// A name that tells nothing.
    Other,
}

/// Beginnings of words, the surest first: `preprod` must not count as `prod`.
const HINTS: [(Tier, &[&str]); 4] = [
    (Tier::Staging, &["stag", "stg", "pre", "demo", "model"]),
    (Tier::Production, &["prod", "prd", "live"]),
    (Tier::Testing, &["test", "tst", "integ", "qa", "qual", "uat", "accept", "check"]),
    (Tier::Development, &["dev", "local", "sandbox", "review", "feature", "nightly"]),
];

impl Tier {
    /// The tier that `environment` names, or else `platform`.
    pub(crate) fn guess(platform: &str, environment: &str) -> Self {
        named(environment).or_else(|| named(platform)).unwrap_or(Self::Other)
    }
}

fn named(name: &str) -> Option<Tier> {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| {
        let hints = |hints: &[&str]| hints.iter().any(|hint| word.starts_with(hint));
        HINTS.iter().find(|(_, words)| hints(words)).map(|(tier, _)| *tier)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_are_known() {
        for (name, tier) in [
            ("dev", Tier::Development),
            ("integration", Tier::Testing),
            ("test", Tier::Testing),
            ("eu-qa-2", Tier::Testing),
            ("preproduction", Tier::Staging),
            ("pre-prod", Tier::Staging),
            ("Staging", Tier::Staging),
            ("production", Tier::Production),
            ("eu-prod", Tier::Production),
            ("blue", Tier::Other),
        ] {
            assert_eq!(Tier::guess("", name), tier, "{name}");
        }
    }

    #[test]
    fn the_platform_helps_where_the_environment_tells_nothing() {
        assert_eq!(Tier::guess("production", "eu-1"), Tier::Production);
    }
}
