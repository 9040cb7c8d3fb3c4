//! The sentence that explains a decision.

use std::collections::BTreeMap;

use crate::domain::plan::{Deciding, History, Rule};
use crate::domain::text;
use crate::domain::version::Bump;

/// Why this version, in one sentence.
pub(super) fn of(
    history: &History,
    rule: Rule,
    released: bool,
    deciding: &[Deciding],
    level: Option<Bump>,
) -> String {
    let since =
        history.base.as_ref().map_or_else(|| "in all".to_owned(), |base| format!("since {}", base.name));
    if !released {
        return match history.commits() {
            0 => format!("no commit {since}"),
            1 => format!("the one commit {since} asks for no release"),
            n => format!("none of the {n} commits {since} asks for a release"),
        };
    }
    match rule {
        Rule::Initial => "the first release".to_owned(),
        Rule::Set => "set by hand".to_owned(),
        Rule::BumpFlag => "the level was given by hand".to_owned(),
        Rule::ReleaseAs => "a commit says `Release-As:`".to_owned(),
        Rule::VersionFile => "VERSION.txt is ahead of the newest release".to_owned(),
        Rule::Promote => "a pre-release already promises this version".to_owned(),
        Rule::Commits => {
            let counted = tally(deciding);
            format!("{}: {counted} {since}", level.map_or("none", Bump::name))
        }
    }
}

/// `1 breaking, 2 feat, 5 fix`.
fn tally(deciding: &[Deciding]) -> String {
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for commit in deciding {
        let key = if commit.breaking {
            (0, "breaking")
        } else {
            (if commit.level == Bump::Minor { 1 } else { 2 }, commit.r#type.as_str())
        };
        *counts.entry(key).or_default() += 1;
    }
    let parts: Vec<String> =
        counts.iter().map(|((_, name), count)| format!("{count} {}", text::line(name))).collect();
    parts.join(", ")
}
