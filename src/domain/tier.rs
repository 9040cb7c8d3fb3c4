//! Which stage an environment is: what somebody said, else what its name tells, so that a board needs no settings to
//! be in order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stages, in the order that a version passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
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

/// A tier, and whether it is only a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    pub tier: Tier,
    pub guessed: bool,
}

impl Rank {
    /// What was said decides; else the names of environment and platform do.
    pub fn of(said: Option<Tier>, platform: &str, environment: &str) -> Self {
        match said {
            Some(tier) => Self { tier, guessed: false },
            None => Self { tier: Tier::guess(platform, environment), guessed: true },
        }
    }

    /// `, by its name` where nobody said so.
    pub fn because(self) -> &'static str {
        if self.guessed { ", by its name" } else { "" }
    }
}

impl Tier {
    /// The words of a configuration, of which `other` is none.
    pub const WORDS: [&'static str; 4] = ["development", "testing", "staging", "production"];

    /// Reads one of those words.
    pub fn from_word(word: &str) -> Option<Self> {
        let at = Self::WORDS.iter().position(|known| *known == word)?;
        [Self::Development, Self::Testing, Self::Staging, Self::Production].get(at).copied()
    }

    /// The word of a configuration.
    pub fn word(self) -> &'static str {
        let [development, testing, staging, production] = Self::WORDS;
        match self {
            Self::Development => development,
            Self::Testing => testing,
            Self::Staging => staging,
            Self::Production => production,
            Self::Other => "other",
        }
    }

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
    fn what_was_said_decides() {
        let rank = |said| Rank::of(said, "eu", "production");
        assert_eq!(rank(None), Rank { tier: Tier::Production, guessed: true });
        let said = Tier::from_word("testing");
        assert_eq!(rank(said), Rank { tier: Tier::Testing, guessed: false });
        assert_eq!(Tier::from_word("other"), None);
    }

    #[test]
    fn the_platform_helps_where_the_environment_tells_nothing() {
        assert_eq!(Tier::guess("production", "eu-1"), Tier::Production);
    }
}
