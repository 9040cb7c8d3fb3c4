//! Which of many commits contain one.

use std::collections::HashSet;

use git2::{Oid, Sort};

use super::{GitError, Repo, failed, parse_oid};

impl Repo {
    /// Those of `tips` that are `commit` or have it in their history; one walk for all of them. It goes over what
    /// the commit itself does not contain, parents first, so a commit contains it if a parent does. A wrong date
    /// makes the walk longer and changes nothing: what the commit contains has no parent that contains the commit.
    pub fn containing<'a>(
        &self,
        commit: &str,
        tips: impl IntoIterator<Item = &'a String>,
    ) -> Result<HashSet<String>, GitError> {
        let reading = || failed("the history");
        let tips: HashSet<&String> = tips.into_iter().collect();
        let commit = parse_oid(commit)?;
        let mut walk = self.inner.revwalk().map_err(reading())?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).map_err(reading())?;
        for tip in &tips {
            walk.push(parse_oid(tip)?).map_err(reading())?;
        }
        walk.hide(commit).map_err(reading())?;
        let mut above: HashSet<Oid> = HashSet::from([commit]);
        for oid in walk {
            let oid = oid.map_err(reading())?;
            let found = self.inner.find_commit(oid).map_err(reading())?;
            if found.parent_ids().any(|parent| above.contains(&parent)) {
                above.insert(oid);
            }
        }
        let mut containing = HashSet::new();
        for tip in tips {
            if above.contains(&parse_oid(tip)?) {
                containing.insert(tip.clone());
            }
        }
        Ok(containing)
    }
}
