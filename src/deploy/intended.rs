//! Which release each environment should have, from the tags of this clone.

use super::board::{self, Local};
use super::subject::SubjectError;
use crate::config::Config;
use crate::domain::deployment::Current;
use crate::domain::intended::{Intended, Standing, accepts};
use crate::domain::plan::Tag;
use crate::domain::verdict::Moment;
use crate::git::Repo;
use crate::git::tags::Named;

/// The release tags of a clone, highest first. What they name is looked up only where it matters.
pub struct Releases<'a> {
    repo: &'a Repo,
    config: &'a Config,
    tags: Vec<Named>,
}

impl<'a> Releases<'a> {
    pub fn of(repo: &'a Repo, config: &'a Config) -> Result<Self, SubjectError> {
        Ok(Self { repo, config, tags: repo.version_tags(&config.tag_format)? })
    }

    /// What the environment of a cell should have, and how its record stands to it; nothing where no release is
    /// for it. The cell must be one of this repository.
    pub fn intended(&self, item: &Current, moment: &Moment) -> Result<Option<Intended>, SubjectError> {
        let tier = self.config.rank_of(&item.environment, &item.platform).tier;
        for named in &self.tags {
            let Some(tag) = self.repo.peel(named)? else { continue };
            if accepts(item, tier, &tag, moment.holds, moment.now) {
                let standing = self.standing(item, &tag)?;
                let (version, name, sha) = (tag.version.to_string(), tag.name, tag.commit);
                return Ok(Some(Intended { version, tag: name, sha, standing }));
            }
        }
        Ok(None)
    }

    fn standing(&self, item: &Current, tag: &Tag) -> Result<Standing, SubjectError> {
        let Some(recorded) = &item.recorded else { return Ok(Standing::Empty) };
        let local = board::local(self.repo, self.config, &tag.commit, recorded, true)?;
        Ok(match local {
            Some(Local::Same) => Standing::InSync,
            // Where the release is ahead, the record is behind.
            Some(Local::Ahead { ahead }) => Standing::Behind { behind: ahead },
            Some(Local::Behind { behind }) => Standing::Ahead { ahead: behind },
            Some(Local::Diverged { ahead, behind }) => Standing::Diverged { ahead: behind, behind: ahead },
            Some(Local::Unknown { .. }) | None => Standing::Unknown,
        })
    }
}
