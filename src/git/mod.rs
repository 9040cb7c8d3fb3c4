//! A repository, opened once. This folder is the only user of libgit2 and of the `git` program; every error
//! of theirs is an error here, never a default.

pub mod apply;
mod base;
pub mod between;
mod branches;
mod containing;
pub mod corrections;
pub mod fetch;
mod graph;
mod index;
pub mod journal;
pub mod object;
mod open;
mod owed;
pub mod people;
pub mod program;
pub mod push;
pub mod read;
pub mod ready;
pub mod recover;
pub mod releases;
pub mod tags;
mod told;
mod tree;
pub mod undo;
pub mod user;
pub mod worktree;

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository, StatusOptions};

pub use self::open::Surroundings;
use crate::domain::manifest::ManifestError;
use crate::domain::message_file::Cleanup;
use crate::files::FileError;
use crate::process::ProcessError;

/// What is wrong with a repository, or with what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("`{}` is not inside a git repository", .0.display())]
    NotFound(PathBuf),
    #[error("the repository `{}` belongs to another user", .0.display())]
    ForeignOwner(PathBuf),
    #[error("the environment variable `GIT_DIR` is `{}`, which is no git repository", .0.display())]
    BadGitDir(PathBuf),
    #[error("the repository uses {0}, which shipmark cannot read")]
    Unsupported(String),
    #[error("the repository has no commit yet")]
    Unborn,
    #[error("HEAD is detached and no branch was named")]
    Detached,
    #[error("the repository is bare")]
    Bare,
    #[error("the history is shallow: what lies before {0} was not fetched")]
    Shallow(String),
    #[error("{0} is under way")]
    UnderWay(&'static str),
    #[error("`{0}` has changes that are not committed")]
    Dirty(String),
    #[error("git knows no name and address for the commit")]
    NoIdentity,
    #[error("{0} is locked by another git")]
    RefLocked(String),
    #[error("the journal of a release, `{}`, cannot be used: {problem}", .path.display())]
    Journal { path: PathBuf, problem: String },
    #[error("{0} was moved by someone else meanwhile")]
    RefMoved(String),
    #[error("the release is made, but the index is locked by another git")]
    IndexLocked(String),
    #[error("another shipmark works on this repository (`{}` is locked)", .0.display())]
    Locked(PathBuf),
    #[error("`git {what}` failed: {complaint}")]
    Refused { what: &'static str, complaint: String },
    #[error("`{0}` names no commit here")]
    UnknownRevision(String),
    #[error("cannot read the repository: {action}")]
    Git { action: String, source: git2::Error },
    #[error("`{0}` is tracked as a link, a submodule or a folder, not as a file")]
    NotAFile(String),
    #[error("`{path}` belongs to the repository in `{folder}`")]
    Nested { path: String, folder: String },
    #[error("`{path}` goes through the filter `{filter}` of git")]
    Filtered { path: String, filter: String },
    #[error("the reference {0} cannot be made: {1} is in its way")]
    InTheWay(String, String),
    #[error("`{path}` cannot be used")]
    Manifest { path: String, source: ManifestError },
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    File(#[from] FileError),
}

/// Says what was being done when libgit2 failed.
fn failed(action: impl Into<String>) -> impl FnOnce(git2::Error) -> GitError {
    let action = action.into();
    move |source| GitError::Git { action, source }
}

/// An open repository.
pub struct Repo {
    inner: Repository,
}

/// Where HEAD stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit's object id in hexadecimal.
    pub oid: String,
    /// The branch's short name; `None` if HEAD is detached.
    pub branch: Option<String>,
}

impl Repo {
    /// The commit that HEAD names.
    pub fn head(&self) -> Result<Head, GitError> {
        let head = match self.inner.head() {
            Ok(head) => head,
            Err(error) if error.code() == ErrorCode::UnbornBranch => return Err(GitError::Unborn),
            Err(error) => return Err(failed("HEAD")(error)),
        };
        let oid = head.peel_to_commit().map_err(failed("the commit of HEAD"))?.id().to_string();
        let branch = match (head.is_branch(), head.shorthand()) {
            (true, Ok(name)) => Some(name.to_owned()),
            (true, Err(source)) => return Err(failed("the name of the branch")(source)),
            (false, _) => None,
        };
        Ok(Head { oid, branch })
    }

    /// The commit that a revision names, as `git rev-parse REV^{commit}` would say it.
    pub fn resolve(&self, revision: &str) -> Result<String, GitError> {
        let unknown = || GitError::UnknownRevision(revision.to_owned());
        let object = match self.inner.revparse_single(revision) {
            Ok(object) => object,
            Err(error)
                if matches!(
                    error.code(),
                    ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::Ambiguous
                ) =>
            {
                return Err(unknown());
            }
            Err(error) => return Err(failed(format!("`{revision}`"))(error)),
        };
        object.peel_to_commit().map(|commit| commit.id().to_string()).map_err(|_| unknown())
    }

    /// The tracked files that differ from HEAD, in the index or in the worktree, as paths from the root.
    pub fn changed_files(&self) -> Result<Vec<String>, GitError> {
        if self.inner.is_bare() {
            return Ok(Vec::new());
        }
        let mut options = StatusOptions::new();
        options.include_untracked(false).include_ignored(false).no_refresh(true);
        let statuses =
            self.inner.statuses(Some(&mut options)).map_err(failed("the state of the worktree"))?;
        Ok(statuses.iter().map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned()).collect())
    }

    /// Every tracked file, as a path from the root; the index knows them also where a clone lacks trees.
    pub fn tracked_files(&self) -> Result<Vec<String>, GitError> {
        let index = self.inner.index().map_err(failed("the index"))?;
        Ok(index.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect())
    }

    /// How many commits `a` has that `b` lacks, and the other way round.
    pub fn ahead_behind(&self, a: &str, b: &str) -> Result<(usize, usize), GitError> {
        let (a, b) = (parse_oid(a)?, parse_oid(b)?);
        self.inner.graph_ahead_behind(a, b).map_err(failed("the commits between two revisions"))
    }

    /// Whether this commit is here at all.
    pub fn has_commit(&self, oid: &str) -> bool {
        Oid::from_str(oid).is_ok_and(|oid| self.inner.find_commit(oid).is_ok())
    }

    /// The root of the worktree.
    pub fn root(&self) -> Result<&Path, GitError> {
        self.inner.workdir().ok_or(GitError::Bare)
    }

    /// The folder of shipmark's private state, shared by all worktrees of this repository.
    pub fn private_dir(&self) -> PathBuf {
        self.inner.commondir().join("shipmark")
    }

    /// The repository's name: the last part of the remote's address, else the name of its folder.
    pub fn name(&self, remote: &str) -> Option<String> {
        let from_url = self.remote_url(remote).and_then(|url| {
            let last = url.trim_end_matches('/').rsplit(['/', ':']).next()?;
            let name = last.strip_suffix(".git").unwrap_or(last);
            (!name.is_empty()).then(|| name.to_owned())
        });
        let folder = self.inner.workdir().unwrap_or_else(|| self.inner.path());
        from_url.or_else(|| Some(folder.file_name()?.to_string_lossy().into_owned()))
    }

    /// Whether releases are made from this branch: `main`, `master` and the remote's default branch are such
    /// branches. `None` where none of them is known here, so that nobody can tell.
    pub fn is_release_branch(&self, branch: &str, remote: &str) -> Result<Option<bool>, GitError> {
        let looking = || failed("the branches");
        let mut names = vec!["main".to_owned(), "master".to_owned()];
        let default = format!("refs/remotes/{remote}/HEAD");
        if let Ok(found) = self.inner.find_reference(&default)
            && let Some(target) = found.symbolic_target().map_err(looking())?
        {
            names.extend(target.strip_prefix(&format!("refs/remotes/{remote}/")).map(str::to_owned));
        }
        let exists = |name: &String| {
            [format!("refs/heads/{name}"), format!("refs/remotes/{remote}/{name}")]
                .iter()
                .any(|reference| self.inner.find_reference(reference).is_ok())
        };
        let listed = names.iter().any(|name| name == branch);
        Ok((listed || names.iter().any(exists)).then_some(listed))
    }

    /// Whether an object is a tag object, and not the commit itself.
    pub fn is_tag_object(&self, oid: &str) -> Result<bool, GitError> {
        let object =
            self.inner.find_object(parse_oid(oid)?, None).map_err(failed(format!("the object {oid}")))?;
        Ok(object.kind() == Some(git2::ObjectType::Tag))
    }

    /// The private folder of this worktree.
    pub fn worktree_dir(&self) -> &Path {
        self.inner.path()
    }

    /// Whether no merge, rebase, pick or revert is under way.
    pub fn is_calm(&self) -> bool {
        self.inner.state() == git2::RepositoryState::Clean
    }

    /// Whether a tag is an object of its own, with author, date and message.
    pub fn is_annotated(&self, tag: &str) -> Result<bool, GitError> {
        let looking = || failed(format!("the tag `{tag}`"));
        let reference = self.inner.find_reference(&format!("refs/tags/{tag}")).map_err(looking())?;
        Ok(reference.peel(git2::ObjectType::Tag).is_ok())
    }

    /// The object that a reference names directly; `None` if there is no such reference.
    pub fn reference(&self, name: &str) -> Result<Option<String>, GitError> {
        self.value_of(name)
    }

    /// What the remote-tracking branches of a remote name.
    pub fn tracked(&self, remote: &str) -> Result<Vec<String>, GitError> {
        let looking = || failed("the remote-tracking branches");
        let prefix = format!("refs/remotes/{remote}/");
        let mut tips = Vec::new();
        for reference in self.inner.references().map_err(looking())? {
            let reference = reference.map_err(looking())?;
            // The remote's HEAD is an alias, and may dangle when the remote's default branch was renamed.
            let is_branch = reference.kind() == Some(git2::ReferenceType::Direct);
            if is_branch && reference.name().is_ok_and(|name| name.starts_with(&prefix)) {
                tips.push(reference.peel_to_commit().map_err(looking())?.id().to_string());
            }
        }
        Ok(tips)
    }

    /// Whether a merge is under way, so that git wrote the message itself.
    pub fn is_merging(&self) -> bool {
        self.inner.path().join("MERGE_HEAD").exists()
    }

    /// The mark that begins a comment in a message file, and how git cleans such a file.
    pub fn message_settings(&self) -> Result<(String, Cleanup), GitError> {
        let config = self.inner.config().map_err(failed("the configuration"))?;
        let get = |key: &str| config.get_string(key).ok().filter(|value| !value.is_empty());
        let mark = get("core.commentString").or_else(|| get("core.commentChar"));
        let cleanup = match get("commit.cleanup").as_deref() {
            Some("strip") => Cleanup::Strip,
            Some("whitespace" | "verbatim" | "scissors") => Cleanup::Keep,
            _ => Cleanup::Default,
        };
        Ok((mark.unwrap_or_else(|| "#".to_owned()), cleanup))
    }

    /// The address of a remote as it is configured; `None` if there is no such remote.
    pub fn remote_url(&self, remote: &str) -> Option<String> {
        let found = self.inner.find_remote(remote).ok()?;
        found.url().ok().map(str::to_owned)
    }

    fn commit(&self, oid: &str) -> Result<git2::Commit<'_>, GitError> {
        self.inner.find_commit(parse_oid(oid)?).map_err(failed(format!("the commit {oid}")))
    }
}

fn parse_oid(oid: &str) -> Result<Oid, GitError> {
    Oid::from_str(oid).map_err(|_| GitError::UnknownRevision(oid.to_owned()))
}
