//! Which commits each release brought: one walk, and every commit goes to the lowest version whose tag contains it.

use std::collections::HashMap;

use git2::{Oid, Sort};
use jiff::Timestamp;

use super::{GitError, Repo, failed, parse_oid};
use crate::domain::plan::{Commit, Tag};
use crate::domain::version::TagFormat;

/// One release, or what follows the newest one.
#[derive(Debug, Clone)]
pub struct Brought {
    /// `None`: not released yet.
    pub tag: Option<Tag>,
    /// The object ids of its commits, newest first.
    pub commits: Vec<String>,
}

impl Repo {
    /// The stable releases that HEAD contains, highest version first, below what is not released.
    pub fn releases(&self, format: &TagFormat) -> Result<Vec<Brought>, GitError> {
        let head = parse_oid(&self.head()?.oid)?;
        let walking = || failed("the history of HEAD");
        let mut walk = self.inner.revwalk().map_err(walking())?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(walking())?;
        walk.push(head).map_err(walking())?;
        let order: Vec<Oid> = walk.collect::<Result<_, _>>().map_err(walking())?;
        let place: HashMap<Oid, usize> = order.iter().enumerate().map(|(at, oid)| (*oid, at)).collect();
        let named = self.version_tags(format)?;
        let mut tags = self.peel_all(named.iter().filter(|tag| tag.is_stable()))?;
        tags.retain(|tag| Oid::from_str(&tag.commit).is_ok_and(|oid| place.contains_key(&oid)));
        tags.sort_by(|a, b| a.version.cmp_precedence(&b.version));
        tags.dedup_by(|a, b| a.version.cmp_precedence(&b.version).is_eq());
        let mut taken = vec![false; order.len()];
        let mut releases = Vec::new();
        for tag in tags {
            let commits = self.take(parse_oid(&tag.commit)?, &place, &mut taken)?;
            releases.push(Brought { tag: Some(tag), commits });
        }
        releases.push(Brought { tag: None, commits: self.take(head, &place, &mut taken)? });
        releases.reverse();
        Ok(releases)
    }

    /// Everything that `from` contains and nobody took yet.
    fn take(
        &self,
        from: Oid,
        place: &HashMap<Oid, usize>,
        taken: &mut [bool],
    ) -> Result<Vec<String>, GitError> {
        let mut found = Vec::new();
        let mut open = vec![from];
        while let Some(oid) = open.pop() {
            let Some(at) = place.get(&oid).copied() else { continue };
            match taken.get_mut(at) {
                Some(free) if !*free => *free = true,
                _ => continue,
            }
            found.push((at, oid.to_string()));
            open.extend(
                self.inner.find_commit(oid).map_err(failed(format!("the commit {oid}")))?.parent_ids(),
            );
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, oid)| oid).collect())
    }

    /// The commits with their messages.
    pub fn read_commits(&self, oids: &[String]) -> Result<Vec<Commit>, GitError> {
        oids.iter().map(|oid| self.read_commit(parse_oid(oid)?)).collect()
    }

    /// When a commit was made.
    pub fn time_of(&self, oid: &str) -> Result<Timestamp, GitError> {
        let seconds = self.commit(oid)?.time().seconds();
        Ok(Timestamp::from_second(seconds).unwrap_or_default())
    }
}
