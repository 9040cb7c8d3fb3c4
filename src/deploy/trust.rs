//! Which commands of repositories the user has allowed to run. A clone brings its own `shipmark.toml`, and with
//! it commands of strangers; they run only after the user has looked at them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{Command, Config};
use crate::domain::delivery::digest;
use crate::files::{self, FileError};

/// The user's record: for each repository the digest of the commands that were looked at.
#[derive(Debug, Clone)]
pub struct Trust {
    file: PathBuf,
}

impl Trust {
    /// Below the user's own state, never in a repository: that could allow itself.
    pub fn below(state: &Path) -> Self {
        Self { file: state.join("shipmark").join("trust.json") }
    }

    /// Whether these commands of a repository were looked at. A record that cannot be read allows nothing.
    pub fn allows(&self, root: &Path, hash: &str) -> bool {
        self.read().get(&name(root)).is_some_and(|known| known == hash)
    }

    /// Notes that the user has looked at the commands; earlier ones of this repository are forgotten.
    pub fn allow(&self, root: &Path, hash: &str) -> Result<(), FileError> {
        let mut known = self.read();
        known.insert(name(root), hash.to_owned());
        let failed = |source| FileError::Io { action: "write", path: self.file.clone(), source };
        let bytes =
            serde_json::to_vec_pretty(&known).map_err(|error| failed(std::io::Error::other(error)))?;
        if let Some(folder) = self.file.parent() {
            files::create_private(folder)?;
        }
        files::replace(&self.file, &bytes)
    }

    fn read(&self) -> BTreeMap<String, String> {
        let bytes = files::read_managed(&self.file).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

fn name(root: &Path) -> String {
    root.to_string_lossy().into_owned()
}

/// The commands that come from a file of the repository, in the order of their keys.
pub fn foreign(config: &Config) -> Vec<&Command> {
    let all = config.environments.values().flat_map(|environment| {
        let own = [&environment.deploy, &environment.rollback, &environment.backup, &environment.artifact];
        let trials = environment.trials.iter().filter_map(|trial| trial.command.as_ref());
        own.into_iter().flatten().chain(&environment.reads).chain(trials)
    });
    let checks = config.preflight.checks.iter().map(|check| &check.command);
    all.chain(checks).filter(|command| command.from_repository).collect()
}

/// What stands for these commands: any change of a key or a word gives another digest.
pub fn hash(commands: &[&Command]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for command in commands {
        parts.push(command.key.clone());
        parts.push(command.words.len().to_string());
        parts.extend(command.words.iter().cloned());
    }
    digest(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(key: &str, words: &[&str]) -> Command {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Command { key: key.to_owned(), words, from_repository: true }
    }

    #[test]
    fn any_change_is_another_hash() {
        let hashes = [
            hash(&[&command("a", &["x", "y"])]),
            hash(&[&command("a", &["x y"])]),
            hash(&[&command("b", &["x", "y"])]),
            hash(&[&command("a", &["x", "y"]), &command("b", &["z"])]),
            hash(&[&command("a", &["x", "y", "1", "b", "z"])]),
        ];
        let distinct: std::collections::HashSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }

    #[test]
    fn trust_is_for_one_repository_and_one_hash() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust::below(folder.path());
        let (here, there) = (Path::new("/here"), Path::new("/there"));
        assert!(!trust.allows(here, "1"));
        trust.allow(here, "1").unwrap();
        trust.allow(there, "2").unwrap();
        assert!(trust.allows(here, "1") && !trust.allows(here, "2") && trust.allows(there, "2"));
    }
}
