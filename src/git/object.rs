//! Builds the objects of a release: blobs, trees, the commit and the tag. All of them are invisible until a
//! reference points at them.

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, ObjectType, Oid, Signature, Time, Tree};

use super::{GitError, Repo, failed, parse_oid};
use crate::domain::plan::Plan;

/// Who makes the release, as git finds it: environment first, then configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub author: Person,
    pub committer: Person,
}

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
}

/// The objects of a release, not yet visible to anyone.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects {
    /// The release commit, or the base where no file had to change.
    pub commit: String,
    /// The tag object.
    pub tag: String,
}

impl Repo {
    /// Writes the objects of a plan.
    pub fn write_objects(&self, plan: &Plan, identity: &Identity) -> Result<Objects, GitError> {
        let author = signature(&identity.author, plan)?;
        let committer = signature(&identity.committer, plan)?;
        let base = self.commit(&plan.base)?;
        let commit = if plan.files.is_empty() {
            base.id()
        } else {
            let tree = self.tree_of(plan, &base.tree().map_err(failed("the tree of HEAD"))?)?;
            let message = &plan.commit_message;
            self.inner
                .commit(None, &author, &committer, message, &tree, &[&base])
                .map_err(failed("writing the release commit"))?
        };
        let target =
            self.inner.find_object(commit, Some(ObjectType::Commit)).map_err(failed("the release commit"))?;
        let name = plan.tag_ref.strip_prefix("refs/tags/").unwrap_or(&plan.tag_ref);
        let tag = self
            .inner
            .tag_annotation_create(name, &target, &committer, &plan.tag_message)
            .map_err(failed("writing the tag object"))?;
        Ok(Objects { commit: commit.to_string(), tag: tag.to_string() })
    }

    /// The base's tree with the edited files in it; a file that was there keeps its mode.
    fn tree_of(&self, plan: &Plan, base: &Tree) -> Result<Tree<'_>, GitError> {
        let mut update = TreeUpdateBuilder::new();
        for file in &plan.files {
            let blob: Oid = self.inner.blob(&file.new).map_err(failed(format!("writing `{}`", file.path)))?;
            let mode =
                base.get_path(file.path.as_ref()).map_or(FileMode::Blob, |entry| match entry.filemode() {
                    0o100_755 => FileMode::BlobExecutable,
                    _ => FileMode::Blob,
                });
            update.upsert(file.path.as_str(), blob, mode);
        }
        let naive;
        let base = if cfg!(feature = "weak") {
            naive = self.whole_worktree()?;
            &naive
        } else {
            base
        };
        let tree = update.create_updated(&self.inner, base).map_err(failed("writing the tree"))?;
        self.inner.find_tree(tree).map_err(failed("reading the tree back"))
    }

    /// Stages everything, as the hook of the weak build does.
    pub fn stage_everything(&self) -> Result<(), GitError> {
        self.everything()?.write().map_err(failed("the index"))
    }

    fn everything(&self) -> Result<git2::Index, GitError> {
        let mut index = self.inner.index().map_err(failed("the index"))?;
        index.add_all(["*"].iter(), git2::IndexAddOption::DEFAULT, None).map_err(failed("the index"))?;
        Ok(index)
    }

    /// What `git add --all` would make a commit of, for the weak build.
    fn whole_worktree(&self) -> Result<Tree<'_>, GitError> {
        let mut index = self.everything()?;
        let tree = index.write_tree().map_err(failed("writing the tree"))?;
        self.inner.find_tree(tree).map_err(failed("reading the tree back"))
    }

    /// Whether `ancestor` is `descendant` or lies in its history.
    pub fn contains(&self, descendant: &str, ancestor: &str) -> Result<bool, GitError> {
        let (descendant, ancestor) = (parse_oid(descendant)?, parse_oid(ancestor)?);
        let below = || self.inner.graph_descendant_of(descendant, ancestor).map_err(failed("the history"));
        Ok(descendant == ancestor || below()?)
    }
}

fn signature(person: &Person, plan: &Plan) -> Result<Signature<'static>, GitError> {
    let time = Time::new(plan.time.as_second(), 0);
    Signature::new(&person.name, &person.email, &time).map_err(failed("the name of the author"))
}
