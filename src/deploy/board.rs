//! What runs where, seen from this clone: columns in their order, and how local stands to each cell.

use std::collections::BTreeMap;

use serde::Serialize;

use super::subject::{SubjectError, tagged};
use crate::config::Config;
use crate::domain::deployment::{Attempt, Current};
use crate::domain::text;
use crate::git::Repo;

/// How local stands to a recorded deployment, counted in commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Local {
    Same,
    Ahead {
        ahead: usize,
    },
    Behind {
        behind: usize,
    },
    Diverged {
        ahead: usize,
        behind: usize,
    },
    /// The recorded commit is not in this clone; that is never counted as nothing between.
    Unknown {
        sha: String,
    },
}

/// A column: an environment of one name on one platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    pub environment: String,
    pub platform: String,
    /// The environment's name, with the platform where the name alone would not do.
    pub title: String,
}

/// Several environments have the name that was typed.
#[derive(Debug, thiserror::Error)]
#[error("several platforms have an environment `{}`", text::line(.name))]
pub struct Several {
    pub name: String,
    /// How each of them can be named.
    pub choices: Vec<String>,
}

/// The cell of an app on the environment that a person names, `NAME` or `NAME/PLATFORM`.
pub fn find<'a>(items: &'a [Current], app: &str, environment: &str) -> Result<Option<&'a Current>, Several> {
    let qualified = |item: &Current| format!("{}/{}", item.environment, item.platform);
    let named = |item: &&Current| {
        item.app == app && (item.environment == environment || qualified(item) == environment)
    };
    let found: Vec<&Current> = items.iter().filter(named).collect();
    if found.len() > 1 {
        let choices = found.iter().map(|item| text::line(&qualified(item))).collect();
        return Err(Several { name: environment.to_owned(), choices });
    }
    Ok(found.first().copied())
}

/// The columns of some cells, by the configured order, then by name.
pub fn columns(items: &[Current], config: &Config) -> Vec<Column> {
    let mut platforms: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for item in items {
        let known = platforms.entry(&item.environment).or_default();
        if !known.contains(&item.platform.as_str()) {
            known.push(&item.platform);
        }
    }
    let mut columns = Vec::new();
    for (environment, mut platforms) in platforms {
        platforms.sort_unstable();
        let alone = platforms.len() == 1;
        columns.extend(platforms.into_iter().map(|platform| Column {
            environment: environment.to_owned(),
            platform: platform.to_owned(),
            title: if alone { environment.to_owned() } else { format!("{environment}/{platform}") },
        }));
    }
    let order = |column: &Column| config.environments.get(&column.environment).and_then(|found| found.order);
    columns.sort_by_key(|column| (order(column).is_none(), order(column)));
    columns
}

/// How HEAD stands to a recorded deployment of this repository; `None` if nothing says which commit that is.
/// A commit of an app that may live elsewhere (`own` is false) is no reason to fetch here.
pub fn local(
    repo: &Repo,
    config: &Config,
    head: &str,
    recorded: &Attempt,
    own: bool,
) -> Result<Option<Local>, SubjectError> {
    let named = recorded.sha.as_deref().filter(|sha| is_object_id(sha));
    let commit = match named {
        // Only hexadecimal digits come this far: other text of the network could be a search or a range.
        Some(sha) => match repo.resolve(sha) {
            Ok(oid) => oid,
            Err(_) if own => return Ok(Some(Local::Unknown { sha: sha.to_owned() })),
            Err(_) => return Ok(None),
        },
        None if own => match tagged(&recorded.version, config, repo)? {
            Some(oid) => oid,
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    Ok(Some(match repo.ahead_behind(head, &commit)? {
        (0, 0) => Local::Same,
        (ahead, 0) => Local::Ahead { ahead },
        (0, behind) => Local::Behind { behind },
        (ahead, behind) => Local::Diverged { ahead, behind },
    }))
}

pub(super) fn is_object_id(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
