//! What can be wrong with a configuration. Each message begins with the place.

use std::path::PathBuf;

use super::Origin;
use crate::files::FileError;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{}` is not there", .0.display())]
    Missing(PathBuf),
    #[error("`{}` is not UTF-8", .0.display())]
    NotUtf8(PathBuf),
    #[error("{}:{line}: {problem}", .file.display())]
    Malformed { file: PathBuf, line: usize, problem: String },
    #[error("{origin}: unknown key `{key}`")]
    UnknownKey { key: String, origin: Origin, nearest: Option<String> },
    #[error("{origin}: `{key}` is a table, and not one value or a list")]
    NotATable { key: String, header: String, origin: Origin },
    #[error("{origin}: `{key}` is a list of tables")]
    NotAList { key: String, header: String, origin: Origin },
    #[error("{origin}: `{key}` cannot stand beside `{other}`")]
    Beside { key: String, other: String, origin: Origin },
    #[error("{origin}: `{key}` is there twice, also in {other}; the case of a type does not count")]
    Twice { key: String, origin: Origin, other: Origin },
    #[error("{origin}: `{key}` holds a user name or a password")]
    Credentials { key: &'static str, origin: Origin },
    #[error("{origin}: `{key}` is missing, which the other keys of this table need")]
    Lacking { key: String, origin: Origin },
    #[error("{origin}: `{key}` is `{value}`, not {wanted}")]
    BadValue { key: String, origin: Origin, value: String, wanted: &'static str },
}
