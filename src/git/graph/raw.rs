//! A commit as it was read, before its message is understood.

use git2::Oid;

use crate::domain::message::Message;
use crate::domain::plan::Commit;

/// What a commit object holds, without a tie to the repository.
pub(in crate::git) struct Raw {
    oid: Oid,
    author: String,
    email: String,
    authored: i64,
    parents: Vec<Oid>,
    text: String,
}

impl Raw {
    pub(in crate::git) fn of(commit: &git2::Commit) -> Self {
        let author = commit.author();
        Self {
            oid: commit.id(),
            author: String::from_utf8_lossy(author.name_bytes()).into_owned(),
            email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
            authored: author.when().seconds(),
            parents: commit.parent_ids().collect(),
            text: decode(commit.message_raw_bytes(), commit.message_encoding().ok().flatten()),
        }
    }

    pub(super) fn parents(&self) -> &[Oid] {
        &self.parents
    }

    /// The commit as its message tells; whether what it reverts exists, and what a note says of it, is for the
    /// repository to add.
    pub(in crate::git) fn understand(self) -> Commit {
        Commit {
            oid: self.oid.to_string(),
            message: Message::parse(&self.text),
            author: self.author,
            email: self.email,
            authored: self.authored,
            parents: self.parents.iter().map(Oid::to_string).collect(),
            revert_target_exists: false,
            passed_over: None,
        }
    }
}

/// A message as text: by the encoding that the commit names, else UTF-8. Bytes that do not decode become U+FFFD,
/// since the change is real whatever its words are.
fn decode(bytes: &[u8], encoding: Option<&str>) -> String {
    let named = encoding.and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
    named.unwrap_or(encoding_rs::UTF_8).decode_without_bom_handling(bytes).0.into_owned()
}
