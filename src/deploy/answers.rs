//! The last answers of a registry, kept so that a question can be answered without it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::delivery::digest;
use crate::domain::deployment::Current;
use crate::files::{self, FileError};

/// What runs where, as a registry said it at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// When it was said, in milliseconds since 1970 UTC.
    pub at: i64,
    pub items: Vec<Current>,
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

    fn file(&self, registry: &str) -> PathBuf {
        let name: String = digest(&[registry]).chars().take(16).collect();
        self.folder.join(format!("current-{name}.json"))
    }

    /// The last matrix of a registry. One that cannot be read is none: it can be asked for again.
    pub fn matrix(&self, registry: &str) -> Option<Matrix> {
        let bytes = files::read_managed(&self.file(registry)).ok().flatten()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps a matrix.
    pub fn keep(&self, registry: &str, matrix: &Matrix) -> Result<(), FileError> {
        files::create_private(&self.folder)?;
        let path = self.file(registry);
        let bytes = serde_json::to_vec(matrix).map_err(|error| FileError::Io {
            action: "write",
            path: path.clone(),
            source: std::io::Error::other(error),
        })?;
        files::replace(&path, &bytes)
    }
}
