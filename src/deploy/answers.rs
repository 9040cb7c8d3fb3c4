//! The last answers of a registry, kept so that a question can be answered without it.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::subject::Target;
use crate::domain::delivery::digest;
use crate::domain::deployment::Current;
use crate::files::{self, FileError};

/// A list, as a registry said it at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said<T> {
    /// When it was said, in milliseconds since 1970 UTC.
    pub at: i64,
    pub items: Vec<T>,
}

/// What runs where.
pub type Matrix = Said<Current>;

/// What a list is about, and of which registry.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    Current(&'a str),
    /// The holds of one place.
    Holds(&'a str, &'a Target),
}

/// The folder of the answers; only its owner can read it, since a registry may be private.
#[derive(Debug, Clone)]
pub struct Answers {
    folder: PathBuf,
}

impl Answers {
    /// Below the private state of a repository, or of the user outside of one.
    pub fn below(private: &Path) -> Self {
        Self { folder: private.join("answers") }
    }

    fn file(&self, about: About) -> PathBuf {
        let (word, digest) = match about {
            About::Current(registry) => ("current", digest(&[registry])),
            About::Holds(registry, place) => {
                ("holds", digest(&[registry, &place.app, &place.platform, &place.environment]))
            }
        };
        let name: String = digest.chars().take(16).collect();
        self.folder.join(format!("{word}-{name}.json"))
    }

    /// The last list. One that cannot be read is none: it can be asked for again.
    pub fn last<T: DeserializeOwned>(&self, about: About) -> Option<Said<T>> {
        let bytes = files::read_managed(&self.file(about)).ok().flatten()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps a list.
    pub fn keep<T: Serialize>(&self, about: About, said: &Said<T>) -> Result<(), FileError> {
        files::create_private(&self.folder)?;
        let path = self.file(about);
        let bytes = serde_json::to_vec(said).map_err(|error| FileError::Io {
            action: "write",
            path: path.clone(),
            source: std::io::Error::other(error),
        })?;
        files::replace(&path, &bytes)
    }
}
