//! Which branches have a commit.

use super::{GitError, Repo};

impl Repo {
    /// The names of the branches that have it, of this clone and of what it knows of a remote.
    pub fn branches_with(&self, oid: &str, remote: &str) -> Result<Vec<String>, GitError> {
        let (own, theirs) = ("refs/heads/".to_owned(), format!("refs/remotes/{remote}/"));
        let args = ["for-each-ref", "--format=%(refname)", "--contains", oid, &own, &theirs];
        let done = self.ask(&args)?;
        if !done.status.success() {
            return Err(GitError::Refused { what: "for-each-ref", complaint: done.complaint() });
        }
        let text = done.text();
        let name = |line: &str| {
            let name = line.strip_prefix(&own).or_else(|| line.strip_prefix(&theirs))?;
            (name != "HEAD").then(|| name.to_owned())
        };
        Ok(text.lines().filter_map(name).collect())
    }
}
