//! What the programs say of the environments that are compared: a comparison counts from the record, and a record
//! can be wrong.

use super::asking::Asked;
use super::reporting::Place;
use crate::deploy::board;
use crate::deploy::observe::{Seen, observe};
use crate::deploy::operand::{LOCAL, Operand, is_revision};
use crate::domain::text;
use crate::domain::verdict::{Moment, Verdict};
use crate::git::{GitError, Repo};

/// For each name what the program there says; nothing for what is no environment or cannot be asked.
pub(super) fn look(
    names: [&str; 2],
    app: &str,
    place: &Place,
    repo: &Repo,
    asked: Option<&Asked>,
    trusted: bool,
) -> [Option<Seen>; 2] {
    let config = &place.config;
    let item = |name: &str| {
        let open = name != LOCAL && !is_revision(name, repo, config);
        let items = &asked.filter(|_| open)?.matrix.items;
        // What is ambiguous was refused before.
        board::find(items, app, name).ok().flatten()
    };
    let items = names.map(item);
    let present: Vec<_> = items.iter().flatten().copied().collect();
    // How two commits stand to each other is the same whatever is held.
    let nothing_else = Moment { now: 0, holds: &[] };
    let mut seen = observe(&present, config, trusted, &nothing_else, &|_| None).into_iter();
    items.map(|item| item.and_then(|_| seen.next().flatten()))
}

/// The line for an environment where something else runs, with how `other` stands to that.
pub(super) fn drift(
    seen: &Seen,
    environment: &Operand,
    other: &Operand,
    repo: &Repo,
) -> Result<Option<String>, GitError> {
    if !matches!(seen.verdict, Verdict::Drift | Verdict::Unreported) {
        return Ok(None);
    }
    let observed = seen.observed.clone().unwrap_or_default();
    let name = text::line(&environment.name);
    let mut line = format!("DRIFT  {name} runs {}, not what is recorded", observed.surest_name());
    if let (Some(commit), Some(sha)) = (observed.commit.filter(|commit| is_hex(commit)), &other.sha) {
        let other = text::line(&other.name);
        match repo.resolve(&commit) {
            Ok(commit) => {
                let (ahead, behind) = repo.ahead_behind(sha, &commit)?;
                line = format!("{line}; {other} is {ahead} ahead of that and {behind} behind");
            }
            Err(GitError::UnknownRevision(_)) => line.push_str("; that commit is not in this clone"),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(line))
}

/// Other text than digits could be a search or a range.
fn is_hex(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
