//! Notes that correct the message of a commit which others have already, and commits that were picked from released
//! ones. Both need the repository; what they mean is decided elsewhere.

use git2::{ErrorCode, Signature};

use super::object::Identity;
use super::{GitError, Repo, failed, parse_oid};
use crate::domain::message::Message;
use crate::domain::plan::{Commit, Reason, Tag};

/// The notes of shipmark; a clone fetches them only if it is told to.
pub const NOTES: &str = "refs/notes/shipmark";

impl Repo {
    /// The commits with the messages that their notes give them. An empty note takes a commit out.
    pub(super) fn corrected(&self, mut commits: Vec<Commit>) -> Result<Vec<Commit>, GitError> {
        if commits.is_empty() || self.value_of(NOTES)?.is_none() {
            return Ok(commits);
        }
        for commit in &mut commits {
            match self.note(&commit.oid)? {
                None => {}
                Some(text) if text.trim().is_empty() => commit.passed_over = Some(Reason::NoteEmpty),
                Some(text) => {
                    commit.message = Message::parse_note(&text);
                    let message = &commit.message;
                    commit.revert_target_exists =
                        message.reverted_header().is_some() && self.has_any(&message.revert_targets());
                }
            }
        }
        Ok(commits)
    }

    /// The correction of a commit, if there is one.
    pub fn note(&self, oid: &str) -> Result<Option<String>, GitError> {
        let found = match self.inner.find_note(Some(NOTES), parse_oid(oid)?) {
            Ok(found) => found,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(failed(format!("the note of {oid}"))(error)),
        };
        Ok(Some(String::from_utf8_lossy(found.message_bytes()).into_owned()))
    }

    /// Corrects a commit; an empty text takes it out. An earlier correction is replaced.
    pub fn set_note(&self, oid: &str, text: &str, identity: &Identity, seconds: i64) -> Result<(), GitError> {
        let (author, committer) = signatures(identity, seconds)?;
        let done = self.inner.note(&author, &committer, Some(NOTES), parse_oid(oid)?, text, true);
        done.map(|_| ()).map_err(failed(format!("writing the note of {oid}")))
    }

    /// Takes a correction back; says whether there was one.
    pub fn remove_note(&self, oid: &str, identity: &Identity, seconds: i64) -> Result<bool, GitError> {
        let (author, committer) = signatures(identity, seconds)?;
        match self.inner.note_delete(parse_oid(oid)?, Some(NOTES), &author, &committer) {
            Ok(()) => Ok(true),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
            Err(error) => Err(failed(format!("removing the note of {oid}"))(error)),
        }
    }

    /// Marks the commits that were picked from one that the base contains.
    pub(super) fn mark_picks(&self, window: &mut [Commit], base: Option<&Tag>) -> Result<(), GitError> {
        let Some(base) = base else { return Ok(()) };
        for commit in window.iter_mut().filter(|commit| commit.passed_over.is_none()) {
            for origin in commit.message.picked_from() {
                // An abbreviated or unknown origin proves nothing.
                let Ok(found) = self.inner.find_commit_by_prefix(&origin) else { continue };
                if self.contains(&base.commit, &found.id().to_string())? {
                    commit.passed_over = Some(Reason::AlreadyReleased);
                }
            }
        }
        Ok(())
    }
}

fn signatures(
    identity: &Identity,
    seconds: i64,
) -> Result<(Signature<'static>, Signature<'static>), GitError> {
    let time = git2::Time::new(seconds, 0);
    let sign = |person: &super::object::Person| {
        Signature::new(&person.name, &person.email, &time).map_err(failed("the name of the author"))
    };
    Ok((sign(&identity.author)?, sign(&identity.committer)?))
}
