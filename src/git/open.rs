//! Which repository is meant, and how it is opened.

use std::path::{Path, PathBuf};

use git2::{ErrorClass, ErrorCode, Repository, RepositoryOpenFlags};

use super::{GitError, Repo, failed};

/// What decides which repository is meant where nobody names one.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    pub cwd: &'a Path,
    /// `GIT_DIR`
    pub git_dir: Option<&'a str>,
    /// `GIT_WORK_TREE`
    pub work_tree: Option<&'a str>,
}

impl Repo {
    /// Opens the repository that contains `start`, whatever git's own variables say.
    pub fn open(start: &Path) -> Result<Self, GitError> {
        set_up();
        let opened = Repository::open_ext(start, RepositoryOpenFlags::empty(), &[] as &[&Path]);
        opened.map(|inner| Self { inner }).map_err(|error| refuse(error, start))
    }

    /// Opens the repository that `git` would take here: the one that its own variables name, as they do in its
    /// hooks, else the one that contains the working directory.
    pub fn around(here: &Surroundings) -> Result<Self, GitError> {
        set_up();
        let inner = here.open().map_err(|error| match (here.git_dir, refuse(error, here.cwd)) {
            (Some(git_dir), GitError::NotFound(_)) => GitError::BadGitDir(PathBuf::from(git_dir)),
            (_, other) => other,
        })?;
        if let Some(root) = here.root(&inner)? {
            inner.set_workdir(&root, false).map_err(failed("the worktree"))?;
        }
        Ok(Self { inner })
    }
}

impl Surroundings<'_> {
    /// libgit2 reads git's variables, but refuses to read any of them where `GIT_WORK_TREE` is one.
    fn open(&self) -> Result<Repository, git2::Error> {
        let none = &[] as &[&Path];
        match (self.work_tree, self.git_dir) {
            (None, _) => Repository::open_from_env(),
            (Some(_), None) => Repository::open_ext(self.cwd, RepositoryOpenFlags::empty(), none),
            (Some(_), Some(git_dir)) => {
                Repository::open_ext(self.cwd.join(git_dir), RepositoryOpenFlags::NO_SEARCH, none)
            }
        }
    }

    /// The root of the worktree where the variables decide it. With `GIT_DIR` alone it is the working directory
    /// (git(1)), unless the repository says that it has none or where it is; libgit2 would take the folder
    /// above the repository.
    fn root(&self, inner: &Repository) -> Result<Option<PathBuf>, GitError> {
        if let Some(root) = self.work_tree {
            return Ok(Some(self.cwd.join(root)));
        }
        let config = inner.config().map_err(failed("the configuration"))?;
        let decided = inner.is_bare() || config.get_entry("core.worktree").is_ok();
        Ok((self.git_dir.is_some() && !decided).then(|| self.cwd.to_owned()))
    }
}

/// Has libgit2 write objects and references through to the disk, without which a power cut after a release
/// may lose it (git2 has no wrapper for this option), and has it read objects as git does: by their checksum of
/// zlib, without hashing each one again, which takes a third of the time of a walk.
fn set_up() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let on = std::ffi::c_int::from(!cfg!(feature = "weak"));
        let option = libgit2_sys::GIT_OPT_ENABLE_FSYNC_GITDIR.cast_signed();
        libgit2_sys::init();
        git2::opts::strict_hash_verification(false);
        // No commit is read twice, and a cache of a long history would fill the memory.
        git2::opts::enable_caching(false);
        #[expect(
            unsafe_code,
            reason = "a variadic C function; it sets one integer, once, before any other thread"
        )]
        // SAFETY: the library is initialised above, and this option takes exactly one int.
        unsafe {
            libgit2_sys::git_libgit2_opts(option, on);
        }
    });
}

/// Tells apart why libgit2 would not open a repository; an unknown reason stays libgit2's own words.
fn refuse(error: git2::Error, start: &Path) -> GitError {
    match (error.code(), error.class()) {
        (ErrorCode::NotFound, ErrorClass::Repository | ErrorClass::Os) => {
            GitError::NotFound(start.to_owned())
        }
        (ErrorCode::Owner, _) => GitError::ForeignOwner(start.to_owned()),
        _ if error.message().contains("extension") || error.message().contains("object format") => {
            GitError::Unsupported(error.message().to_owned())
        }
        _ => failed("opening it")(error),
    }
}
