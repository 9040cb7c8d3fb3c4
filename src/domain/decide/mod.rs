//! Which version comes next, and why: a pure function of the history.

mod beside;
mod level;
mod own;
mod pick;
mod reason;
mod revert;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use semver::Version;

pub use self::beside::same_line;
pub use self::own::OwnRule;
use super::message::Kind;
use super::plan::{Commit, Decision, History, Promise, Reason, Rule, Tag, Wish};
use super::text;
use super::version::{Bump, TagFormat, Zero};

/// The settings that a decision depends on.
#[derive(Debug, Clone)]
pub struct Rules {
    pub tag_format: TagFormat,
    pub initial: Version,
    pub zero: Zero,
    pub types: BTreeMap<String, Option<Bump>>,
    /// The level of a type that is not among them; `None` if nobody said.
    pub unlisted: Option<Option<Bump>>,
    /// What is asked before the types; the first that takes a commit decides.
    pub own: Vec<OwnRule>,
}

/// Why there is no next version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    #[error("the next version {version} is taken: the tag `{}` names {}, which HEAD does not contain", .tag.name, text::short(&.tag.commit))]
    Collision { version: Version, tag: Box<Tag> },
    #[error("{wanted} is not above the released version {released}")]
    NotAbove { wanted: Version, released: Version },
    #[error("{0} is not below 1.0.0, so it cannot graduate")]
    Graduated(Version),
    #[error("{0} has a number that cannot grow")]
    Exhausted(Version),
    #[error("{}: `Release-As: {text}` is not a semantic version", text::short(.oid))]
    BadReleaseAs { oid: String, text: String },
}

/// Labels of pre-releases that a final release follows, lowest first; other labels bind nobody.
const RANKED: [&str; 6] = ["alpha", "beta", "next", "pre", "preview", "rc"];

/// Decides on the next stable version.
pub fn decide(history: &History, rules: &Rules, wish: &Wish) -> Result<Decision, DecideError> {
    let (deciding, ignored) = level::sort_out(history, rules, &cancelled(&history.window));
    let level = deciding.iter().map(|commit| commit.effective).max();
    let mut warnings: Vec<String> = history.adopted.iter().map(adopted).collect();
    let outcome = settle(history, rules, wish, level, &mut warnings)?;
    warn_of_hidden_breaks(history, &mut warnings);
    let outcome_is_due = outcome.is_some();
    let (rule, next) = match outcome {
        Some(outcome) => outcome,
        None => (Rule::Commits, current(history, rules)),
    };
    let released = !is_released(history, &next);
    if !released && outcome_is_due {
        return Err(DecideError::Exhausted(next));
    }
    if released {
        refuse_taken(history, rules, &next)?;
    }
    let reason = match wish.graduate {
        true => "1.0.0 was asked for by hand".to_owned(),
        false => reason::of(history, rule, released, &deciding, level),
    };
    Ok(Decision {
        current: current(history, rules),
        tag: rules.tag_format.tag_of(&next),
        next,
        released,
        bump: level,
        rule,
        reason,
        zero: rules.zero,
        base: history.base.clone(),
        commits: history.commits(),
        deciding,
        ignored,
        warnings,
    })
}

fn adopted(tag: &Tag) -> String {
    let (name, commit) = (text::line(&tag.name), text::short(&tag.commit));
    format!(
        "`{name}` names {commit}, which HEAD does not contain; it counts all the same, as HEAD has all its changes"
    )
}

/// What some commits amount to.
#[derive(Debug, Clone)]
pub struct Amount {
    pub bump: Option<Bump>,
    /// Which of them, by index, take each other back.
    pub cancelled: BTreeMap<usize, Reason>,
}

/// What commits, newest first, amount to on top of a version.
pub fn amount(commits: &[Commit], base: Option<&Version>, rules: &Rules) -> Amount {
    let base = base.map(|version| Tag {
        name: rules.tag_format.tag_of(version),
        version: version.clone(),
        commit: String::new(),
    });
    let (head, window) = (String::new(), commits.to_vec());
    let history = History { base, ..History::of(head, window) };
    let cancelled = cancelled(commits);
    let (deciding, _) = level::sort_out(&history, rules, &cancelled);
    Amount { bump: deciding.iter().map(|commit| commit.effective).max(), cancelled }
}

/// The commits of a range that do not count, by object id and header.
pub fn taken_back(commits: &[Commit]) -> HashSet<(String, String)> {
    let cancelled = cancelled(commits);
    let passed_over = commits.iter().filter(|commit| commit.passed_over.is_some());
    let taken_back = cancelled.keys().filter_map(|at| commits.get(*at));
    let named = |commit: &Commit| (commit.oid.clone(), commit.message.header.clone());
    passed_over.chain(taken_back).map(named).collect()
}

/// The commits of a window, by index, that do not count because of others: reverts and what they take back, and
/// picks of what counts already.
fn cancelled(window: &[Commit]) -> BTreeMap<usize, Reason> {
    let mut cancelled = revert::cancel(window);
    pick::pass_over(window, &mut cancelled);
    cancelled
}

/// The version that the repository has now: the newest release, else what VERSION.txt says, else the first.
fn current(history: &History, rules: &Rules) -> Version {
    let released = history.base.as_ref().map(|base| base.version.clone());
    released.or_else(|| history.version_file.clone()).unwrap_or_else(|| rules.initial.clone())
}

fn is_released(history: &History, version: &Version) -> bool {
    history.base.as_ref().is_some_and(|base| base.version == *version)
}

/// The version by the strongest authority that speaks, and which one that was; `None` is nothing to release.
fn settle(
    history: &History,
    rules: &Rules,
    wish: &Wish,
    level: Option<Bump>,
    warnings: &mut Vec<String>,
) -> Result<Option<(Rule, Version)>, DecideError> {
    let base = history.base.as_ref().map(|base| &base.version);
    if let Some(wanted) = &wish.set {
        return above(base, wanted.clone()).map(|version| Some((Rule::Set, version)));
    }
    if wish.graduate {
        let (one, now) = (Version::new(1, 0, 0), current(history, rules));
        return if base.is_none_or(|base| is_above(&one, base)) {
            Ok(Some((Rule::BumpFlag, one)))
        } else {
            Err(DecideError::Graduated(now))
        };
    }
    let first = || history.version_file.clone().unwrap_or_else(|| rules.initial.clone());
    if let Some(level) = wish.bump {
        let Some(base) = base else { return Ok(Some((Rule::Initial, first()))) };
        return Ok(Some((Rule::BumpFlag, level.apply(base))));
    }
    if let Some(forced) = release_as(history, warnings)? {
        return Ok(Some((Rule::ReleaseAs, forced)));
    }
    let Some(base) = base else {
        // A first pre-release promises its core as any other does.
        let promised =
            promised(history).map(|tag| core(&tag.version)).filter(|core| is_above(core, &first()));
        return Ok(Some(promised.map_or_else(|| (Rule::Initial, first()), |core| (Rule::Promote, core))));
    };
    let computed = from_commits(history, base, level);
    let ahead = history.version_file.as_ref().filter(|version| is_ahead(history, rules, base, version));
    Ok(match (computed, ahead) {
        (Some((_, version)), Some(file)) if *file >= version => Some((Rule::VersionFile, file.clone())),
        (None, Some(file)) => Some((Rule::VersionFile, file.clone())),
        (computed, _) => computed,
    })
}

fn above(base: Option<&Version>, wanted: Version) -> Result<Version, DecideError> {
    match base {
        Some(released) if !is_above(&wanted, released) => {
            Err(DecideError::NotAbove { wanted, released: released.clone() })
        }
        _ => Ok(wanted),
    }
}

/// By precedence, which build metadata has no part in (semantic versioning specification, item 10).
fn is_above(version: &Version, other: &Version) -> bool {
    version.cmp_precedence(other).is_gt()
}

/// A person moved VERSION.txt ahead: above the newest release and every pre-release since, and not tagged.
fn is_ahead(history: &History, rules: &Rules, base: &Version, version: &Version) -> bool {
    let tag = rules.tag_format.tag_of(version);
    let in_play = in_play(history).all(|found| found.version < *version);
    is_above(version, base) && in_play && !history.tags.iter().any(|found| found.name == tag)
}

/// A pre-release promises at least its core, so a final release is never below the core of the highest one.
fn from_commits(history: &History, base: &Version, level: Option<Bump>) -> Option<(Rule, Version)> {
    let bumped = level.map(|level| level.apply(base));
    match (bumped, promised(history).map(|tag| core(&tag.version))) {
        (Some(bumped), Some(core)) if core > bumped => Some((Rule::Promote, core)),
        (Some(bumped), _) => Some((Rule::Commits, bumped)),
        (None, Some(core)) => Some((Rule::Promote, core)),
        (None, None) => None,
    }
}

/// The pre-releases that HEAD contains, that the base does not contain, and whose core is above the base.
fn in_play(history: &History) -> impl Iterator<Item = &Tag> {
    let window: HashSet<&str> = history.window.iter().map(|commit| commit.oid.as_str()).collect();
    history.tags.iter().filter(move |tag| {
        let above = history.base.as_ref().is_none_or(|base| core(&tag.version) > base.version);
        !tag.version.pre.is_empty() && above && window.contains(tag.commit.as_str())
    })
}

/// The highest pre-release in play whose label is ranked.
fn promised(history: &History) -> Option<&Tag> {
    in_play(history).filter(|tag| is_ranked(&tag.version)).max_by(|a, b| a.version.cmp(&b.version))
}

/// A version without its pre-release and build parts.
pub fn core(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

/// Whether a pre-release has a label that a final release follows.
pub fn is_ranked(version: &Version) -> bool {
    let label = version.pre.split('.').next().unwrap_or_default();
    RANKED.contains(&label.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// The next final version where a pre-release settles it alone; `None` where a person said more, so that the
/// whole window has to be read.
pub fn settled(promise: &Promise, version_file: Option<&Version>, rules: &Rules) -> Option<Version> {
    let says_more = |version: &Version| *version > promise.tag.version;
    let asked = promise.since.iter().any(|commit| commit.message.release_as().is_some());
    let more = asked || version_file.is_some_and(says_more) || says_more(&rules.initial);
    (!more).then(|| core(&promise.tag.version))
}

/// The newest `Release-As:` of the window, if it is above the base. One that the highest pre-release in play
/// contains is spent, since the core of that one carries it.
fn release_as(history: &History, warnings: &mut Vec<String>) -> Result<Option<Version>, DecideError> {
    let asking = |commit: &&Commit| commit.message.release_as().is_some();
    if !history.window.iter().any(|commit| asking(&commit)) {
        return Ok(None);
    }
    let promise = promised(history);
    let spent = promise.map(|tag| contained(&history.window, &tag.commit)).unwrap_or_default();
    let open = |commit: &&Commit| !spent.contains(commit.oid.as_str());
    let newest =
        history.window.iter().filter(open).find_map(|commit| Some((commit, commit.message.release_as()?)));
    let Some((commit, asked)) = newest else { return Ok(None) };
    let version = asked.map_err(|text| DecideError::BadReleaseAs { oid: commit.oid.clone(), text })?;
    match &history.base {
        Some(base) if !is_above(&version, &base.version) => {
            warnings.push(format!(
                "{}: `Release-As: {version}` is not above {} and is ignored",
                text::short(&commit.oid),
                base.version
            ));
            Ok(None)
        }
        _ => Ok(Some(version)),
    }
}

/// The commits of a window that one of them contains, itself among them.
fn contained<'a>(window: &'a [Commit], oid: &str) -> HashSet<&'a str> {
    let by_oid: HashMap<&str, &Commit> = window.iter().map(|commit| (commit.oid.as_str(), commit)).collect();
    let (mut found, mut open) = (HashSet::new(), vec![oid]);
    while let Some(oid) = open.pop() {
        let Some(commit) = by_oid.get(oid) else { continue };
        if found.insert(commit.oid.as_str()) {
            open.extend(commit.parents.iter().map(String::as_str));
        }
    }
    found
}

fn refuse_taken(history: &History, rules: &Rules, next: &Version) -> Result<(), DecideError> {
    let name = rules.tag_format.tag_of(next);
    let same = |tag: &&Tag| tag.name == name || tag.version.cmp_precedence(next).is_eq();
    match history.tags.iter().find(same) {
        Some(tag) => Err(DecideError::Collision { version: next.clone(), tag: Box::new(tag.clone()) }),
        None => Ok(()),
    }
}

fn warn_of_hidden_breaks(history: &History, warnings: &mut Vec<String>) {
    for commit in &history.window {
        if commit.message.hints_at_breaking() && !commit.is_merge() {
            warnings.push(format!(
                "{}: this seems to speak of a breaking change, but not in the form that counts: `{}`",
                text::short(&commit.oid),
                text::line(&commit.message.header)
            ));
        }
        if matches!(commit.message.kind, Kind::Free(_)) && !commit.message.breaking.is_empty() {
            warnings.push(format!(
                "{}: a breaking change stands below a header that is not conventional: `{}`",
                text::short(&commit.oid),
                text::line(&commit.message.header)
            ));
        }
    }
}
