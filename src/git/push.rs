//! `git push --atomic` by object id, and what each rejection means. libgit2 has no atomic push and reports
//! success when a server refused a reference (libgit2#6831), so the program does it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::journal::Journal;
use super::{GitError, Repo};
use crate::domain::plan::Plan;
use crate::domain::text;
use crate::process::Finished;

/// How long a server may take; a hook that runs a test suite before it accepts is legitimate.
const LIMIT: Duration = Duration::from_mins(10);

/// Why nothing, or nothing certain, arrived at the remote.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("the remote `{remote}` refused {}: {}", .reference, text::line(.reason))]
    Rejected { remote: String, reference: String, reason: String },
    #[error("the remote `{remote}` already has {reference} on another object, {found}")]
    Taken { remote: String, reference: String, found: String },
    #[error("`{branch}` on `{remote}` has commits that are not here")]
    Behind { remote: String, branch: String },
    #[error("cannot reach the remote `{remote}`: {}", text::line(.complaint))]
    Unreachable { remote: String, complaint: String },
    #[error("the server of `{remote}` cannot move branch and tag together")]
    NotAtomic { remote: String },
    #[error("this repository has no remote `{0}`")]
    NoRemote(String),
    #[error("the line to `{remote}` broke, and whether it took the release is unknown: {}", text::line(.complaint))]
    Unknown { remote: String, complaint: String },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What a remote has of the references of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteTips {
    /// `None` where it has no such branch.
    pub branch: Option<String>,
    /// Those of the tags asked for that it has, by their full names.
    pub tags: BTreeMap<String, String>,
}

impl RemoteTips {
    /// The object that the tag names there.
    pub fn tag(&self, tag_ref: &str) -> Option<&str> {
        self.tags.get(tag_ref).map(String::as_str)
    }
}

impl Repo {
    /// Asks the remote for a branch and some tags.
    pub fn remote_tips<'a>(
        &self,
        remote: &'a str,
        branch_ref: &'a str,
        tag_refs: impl IntoIterator<Item = &'a str>,
    ) -> Result<RemoteTips, PushError> {
        if self.remote_url(remote).is_none() {
            return Err(PushError::NoRemote(remote.to_owned()));
        }
        let mut args = vec!["ls-remote", "--", remote, branch_ref];
        args.extend(tag_refs);
        let answer = self.ask_server(&args)?;
        if !answer.status.success() {
            return Err(unreachable(remote, &answer));
        }
        let text = answer.text();
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        // A pattern of ls-remote matches the end of a name, so a name that only ends like ours comes too.
        let mut tips: BTreeMap<String, String> = lines
            .filter(|(_, name)| args.contains(name))
            .map(|(oid, name)| (name.to_owned(), oid.to_owned()))
            .collect();
        Ok(RemoteTips { branch: tips.remove(branch_ref), tags: tips })
    }

    /// Refuses early what the push would be refused for.
    pub fn check_remote(&self, remote: &str, plan: &Plan, tips: &RemoteTips) -> Result<(), PushError> {
        if let Some(found) = tips.tag(&plan.tag_ref) {
            return Err(PushError::Taken {
                remote: remote.to_owned(),
                reference: plan.tag_ref.clone(),
                found: text::short(found).to_owned(),
            });
        }
        self.check_branch(remote, &plan.branch_ref, &plan.base, tips)
    }

    /// Refuses a branch of the remote that does not lie in the history of `head`.
    pub fn check_branch(
        &self,
        remote: &str,
        branch_ref: &str,
        head: &str,
        tips: &RemoteTips,
    ) -> Result<(), PushError> {
        let Some(tip) = &tips.branch else { return Ok(()) };
        if self.has_commit(tip) && self.contains(head, tip)? {
            return Ok(());
        }
        let branch = branch_ref.strip_prefix("refs/heads/").unwrap_or(branch_ref).to_owned();
        Err(PushError::Behind { remote: remote.to_owned(), branch })
    }

    /// Moves branch and tags on the remote together, or none of them. The leases make the server refuse if the
    /// branch is not at `tip` or one of the tags is there.
    pub fn push(&self, remote: &str, journal: &Journal, tip: Option<&str>) -> Result<(), PushError> {
        let tags = journal.earlier.iter().map(|earlier| (&earlier.tag, &earlier.tag_ref));
        let tags: Vec<_> = tags.chain([(&journal.tag, &journal.tag_ref)]).collect();
        let atomic = if cfg!(feature = "weak") { "--no-atomic" } else { "--atomic" };
        let mut args: Vec<String> =
            ["push", atomic, "--porcelain", "--no-verify"].iter().map(|arg| (*arg).to_owned()).collect();
        args.extend(tags.iter().map(|(_, name)| format!("--force-with-lease={name}:")));
        args.push(format!("--force-with-lease={}:{}", journal.branch_ref, tip.unwrap_or_default()));
        args.extend(["--".to_owned(), remote.to_owned()]);
        args.push(format!("{}:{}", journal.commit, journal.branch_ref));
        args.extend(tags.iter().map(|(tag, name)| format!("{tag}:{name}")));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let answer = self.ask_server(&args)?;
        if answer.status.success() {
            return Ok(());
        }
        if answer.complaint().contains("does not support --atomic") {
            return Err(PushError::NotAtomic { remote: remote.to_owned() });
        }
        if let Some((reference, reason)) = rejection(&answer.text()) {
            let reason = with_voice(&reason, &answer);
            return Err(PushError::Rejected { remote: remote.to_owned(), reference, reason });
        }
        // The line may have broken after the server had accepted; only the server knows.
        match self.remote_tips(remote, &journal.branch_ref, [journal.tag_ref.as_str()]) {
            Ok(now) if now.tag(&journal.tag_ref) == Some(&journal.tag) => Ok(()),
            Ok(_) => Err(unreachable(remote, &answer)),
            Err(_) => Err(PushError::Unknown { remote: remote.to_owned(), complaint: complaint_of(&answer) }),
        }
    }

    fn ask_server(&self, args: &[&str]) -> Result<Finished, GitError> {
        Ok(self.git(args).capture(b"", LIMIT)?)
    }
}

fn unreachable(remote: &str, answer: &Finished) -> PushError {
    PushError::Unreachable { remote: remote.to_owned(), complaint: complaint_of(answer) }
}

/// The first line that tells what went wrong; the last one of git's is often only that something did.
fn complaint_of(answer: &Finished) -> String {
    let complaint = answer.complaint();
    let told = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let line = complaint.lines().find(told).or_else(|| complaint.lines().last());
    line.unwrap_or("git said nothing").trim_start_matches("fatal: ").trim_start_matches("error: ").to_owned()
}

/// The reference that was refused for a reason of its own, and the reason. In an atomic push the others only
/// say `atomic push failure`.
fn rejection(porcelain: &str) -> Option<(String, String)> {
    let refused = porcelain.lines().filter_map(|line| {
        let (names, reason) = line.strip_prefix("!\t")?.split_once('\t')?;
        let (_, reference) = names.rsplit_once(':')?;
        Some((reference.to_owned(), reason.to_owned()))
    });
    let mut refused: Vec<(String, String)> = refused.collect();
    refused.sort_by_key(|(_, reason)| reason.contains("atomic"));
    refused.into_iter().next()
}

/// What the server's own hook said, if it said something.
fn with_voice(reason: &str, answer: &Finished) -> String {
    let complaint = answer.complaint();
    let said: Vec<&str> = complaint
        .lines()
        .filter_map(|line| line.strip_prefix("remote: "))
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("error: hook declined"))
        .collect();
    if said.is_empty() { reason.to_owned() } else { format!("{reason} — {}", said.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_with_a_reason_of_its_own_is_the_one_to_name() {
        let output = "To x\n!\tabc:refs/heads/main\t[remote rejected] (atomic transaction failed)\n\
                      !\tdef:refs/tags/v1\t[remote rejected] (hook declined)\nDone";
        let expected = ("refs/tags/v1".to_owned(), "[remote rejected] (hook declined)".to_owned());
        assert_eq!(rejection(output), Some(expected));
        assert_eq!(rejection("To x\n=\ta:refs/heads/b\t[up to date]\nDone"), None);
    }
}
