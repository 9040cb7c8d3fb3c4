//! A commit as it was read, before its message is understood.

use std::collections::HashSet;
use std::sync::Arc;

use git2::Oid;

use crate::domain::message::Message;
use crate::domain::plan::Commit;

/// What a commit object holds, without a tie to the repository.
pub(in crate::git) struct Raw {
    oid: Oid,
    parents: Vec<Oid>,
    body: Body,
}

/// What it holds beside its place in the history. A long history has 100,000 of them in memory, and few authors.
pub(super) struct Body {
    author: Arc<Person>,
    authored: i64,
    text: Box<str>,
}

/// Who wrote commits.
#[derive(PartialEq, Eq, Hash)]
struct Person {
    name: String,
    email: String,
}

/// Everyone who was met.
#[derive(Default)]
pub(super) struct People(HashSet<Arc<Person>>);

impl People {
    fn meet(&mut self, name: &[u8], email: &[u8]) -> Arc<Person> {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let person = Person { name: text(name), email: text(email) };
        if let Some(known) = self.0.get(&person) {
            return Arc::clone(known);
        }
        let person = Arc::new(person);
        self.0.insert(Arc::clone(&person));
        person
    }
}

impl Body {
    pub(super) fn of(commit: &git2::Commit, people: &mut People) -> Self {
        let author = commit.author();
        Self {
            author: people.meet(author.name_bytes(), author.email_bytes()),
            authored: author.when().seconds(),
            text: decode(commit.message_raw_bytes(), commit.message_encoding().ok().flatten()).into(),
        }
    }
}

impl Raw {
    pub(in crate::git) fn of(commit: &git2::Commit) -> Self {
        let body = Body::of(commit, &mut People::default());
        Self::new(commit.id(), commit.parent_ids().collect(), body)
    }

    pub(super) fn new(oid: Oid, parents: Vec<Oid>, body: Body) -> Self {
        Self { oid, parents, body }
    }

    /// The commit as its message tells; whether what it reverts exists, and what a note says of it, is for the
    /// repository to add.
    pub(in crate::git) fn understand(self) -> Commit {
        Commit {
            oid: self.oid.to_string(),
            message: Message::parse(&self.body.text),
            author: self.body.author.name.clone(),
            email: self.body.author.email.clone(),
            authored: self.body.authored,
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
