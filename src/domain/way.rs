//! The two ways to find out what runs: the program is asked, or its machine is.

use std::time::Duration;

use super::health::Health;
use super::readout::Readout;

/// How it is found out what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    Health(Health),
    Readout(Readout),
}

impl Way {
    /// How long a deployed program may take to be what it should be.
    pub fn within(&self) -> Duration {
        match self {
            Self::Health(health) => health.within,
            Self::Readout(_) => Duration::from_mins(1),
        }
    }

    /// How many good answers in a row count. What is read off a machine has no balancer before it.
    pub fn stable(&self) -> u32 {
        match self {
            Self::Health(health) => health.stable,
            Self::Readout(_) => 1,
        }
    }

    /// How long one look may take: a login takes longer than a question.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Health(_) => Duration::from_secs(3),
            Self::Readout(_) => Duration::from_secs(10),
        }
    }

    /// Where it looks, for a person.
    pub fn place(&self) -> String {
        match self {
            Self::Health(health) => health.url.as_str().to_owned(),
            Self::Readout(readout) => {
                let parts = [&readout.container, &readout.repo, &readout.file];
                let what = parts.into_iter().flatten().next().cloned().unwrap_or_default();
                readout.ssh.as_ref().map_or_else(|| what.clone(), |host| format!("{what} on {host}"))
            }
        }
    }
}
