//! Who made some commits, by the names that `.mailmap` at HEAD gives them.

use git2::{Mailmap, Signature, Time};

use super::{GitError, Repo, failed, parse_oid};
use crate::domain::plan::Commit;

impl Repo {
    /// The authors and co-authors of the commits, each once, in the order of the alphabet. Merges and releases add
    /// nobody.
    pub fn contributors(&self, head: &str, commits: &[Commit]) -> Result<Vec<String>, GitError> {
        let reading = || failed("`.mailmap`");
        let mailmap = match self.file_at(head, ".mailmap")? {
            Some(bytes) => Mailmap::from_buffer(&String::from_utf8_lossy(&bytes)).map_err(reading())?,
            None => Mailmap::new().map_err(reading())?,
        };
        let mut names = Vec::new();
        for commit in commits.iter().filter(|commit| !commit.is_merge() && !commit.message.is_release()) {
            let found = self
                .inner
                .find_commit(parse_oid(&commit.oid)?)
                .map_err(failed(format!("the commit {}", commit.oid)))?;
            let author = mailmap.resolve_signature(&found.author()).map_err(reading())?;
            names.push(String::from_utf8_lossy(author.name_bytes()).into_owned());
            for footer in commit.message.footers.iter().filter(|footer| footer.is("co-authored-by")) {
                names.extend(co_author(&footer.value, &mailmap));
            }
        }
        names.retain(|name| !name.trim().is_empty());
        names.sort_by_cached_key(|name| (name.to_lowercase(), name.clone()));
        names.dedup();
        Ok(names)
    }
}

/// The name in `Name <mail>`; a footer that is not of this form names nobody.
fn co_author(value: &str, mailmap: &Mailmap) -> Option<String> {
    let (name, rest) = value.lines().next()?.split_once('<')?;
    let mail = rest.split_once('>')?.0;
    let written = Signature::new(name.trim(), mail.trim(), &Time::new(0, 0)).ok()?;
    let found = mailmap.resolve_signature(&written).ok()?;
    Some(String::from_utf8_lossy(found.name_bytes()).into_owned())
}
