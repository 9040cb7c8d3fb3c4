//! The newest run of each target, remembered between commands, so that `report` without any id finds the
//! deployment that an earlier command began.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::subject::{Source, Target};
use crate::domain::delivery::{self, digest};
use crate::domain::deployment::State;
use crate::files;

/// One run, as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub key: String,
    /// The number of the newest report of it.
    pub seq: i64,
    pub version: String,
    pub sha: Option<String>,
    pub state: State,
    /// Whether other machines derive the same key, as the jobs of one CI run do. They know nothing of the
    /// numbers that were given here, so each number follows from the state.
    #[serde(default)]
    pub shared: bool,
    /// Which deployment of the same facts this is within one CI run, from 0.
    #[serde(default)]
    pub turn: u32,
}

/// The folder in which the newest runs are kept.
#[derive(Debug, Clone)]
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// Below the private state of a repository, or of the user outside of one.
    pub fn below(private: &Path) -> Self {
        Self { folder: private.join("runs") }
    }

    fn file(&self, registry: &str, target: &Target) -> PathBuf {
        let parts = [registry, &target.app, &target.workload, &target.platform, &target.environment];
        let name: String = digest(&parts).chars().take(16).collect();
        self.folder.join(format!("{name}.json"))
    }

    /// The newest run of a target. What cannot be read is no run: the next report then begins one, which
    /// at worst shows one deployment as two.
    pub fn newest(&self, registry: &str, target: &Target) -> Option<Run> {
        let bytes = files::read_managed(&self.file(registry, target)).ok().flatten()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers a run; a memory that cannot be written must not stop a deployment.
    pub fn remember(&self, registry: &str, target: &Target, run: &Run) {
        if let (Ok(bytes), Ok(())) = (serde_json::to_vec(run), files::create_private(&self.folder)) {
            let _ = files::replace(&self.file(registry, target), &bytes);
        }
    }
}

impl Run {
    /// A run that begins now; `word` tells it apart from other runs of the same version.
    pub fn begin(registry: &str, repository: &str, target: &Target, source: &Source, word: &str) -> Self {
        let facts = delivery::Run {
            registry,
            repository,
            app: &target.app,
            workload: &target.workload,
            platform: &target.platform,
            environment: &target.environment,
            version: &source.version,
            commit: source.sha.as_deref().unwrap_or_default(),
            run: word,
        };
        Self {
            key: facts.key(),
            seq: 0,
            version: source.version.clone(),
            sha: source.sha.clone(),
            state: State::Queued,
            shared: false,
            turn: 0,
        }
    }

    /// The next step of this run.
    #[must_use]
    pub fn step(self, state: State) -> Self {
        let least = match (self.shared, state) {
            (false, _) => 0,
            (true, State::Queued) => 1,
            (true, State::Running) => 2,
            (true, _) => 3,
        };
        Self { seq: least.max(self.seq + 1), state, ..self }
    }

    /// Whether a report of `version` in `state` is the next step of this run, and not a run of its own.
    pub fn goes_on_with(&self, version: &str, state: State) -> bool {
        self.version == version && self.state.may_become(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(shared: bool) -> Run {
        let (version, sha) = ("1.0.0".to_owned(), None);
        Run { key: "k".to_owned(), seq: 0, version, sha, state: State::Queued, shared, turn: 0 }
    }

    #[test]
    fn the_steps_of_a_ci_run_have_the_numbers_that_any_machine_would_give() {
        assert_eq!(run(true).step(State::Succeeded).seq, 3);
        assert_eq!(run(true).step(State::Running).step(State::Failed).seq, 3);
        assert_eq!(run(true).step(State::Queued).seq, 1);
        assert_eq!(run(false).step(State::Succeeded).seq, 1);
    }
}
