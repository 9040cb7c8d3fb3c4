//! Which kind each error of the lower modules is, and what to do about it: the one place that knows.

use super::{Error, Exit};
use crate::config::ConfigError;
use crate::deploy::board::Several;
use crate::deploy::client::ClientError;
use crate::deploy::operand::OperandError;
use crate::deploy::outbox::OutboxError;
use crate::deploy::subject::SubjectError;
use crate::domain::assemble::AssembleError;
use crate::domain::changelog::ChangelogError;
use crate::domain::decide::DecideError;
use crate::domain::manifest::ManifestError;
use crate::files::FileError;
use crate::git::GitError;
use crate::git::push::PushError;
use crate::http::HttpError;
use crate::process::ProcessError;
use crate::registry::{Fault, RegistryError};
use crate::server::ServeError;
use crate::store::{BackupError, BadAddress, BadRedis, OpenError};
use crate::template::TemplateError;
use crate::world::BadVariable;

impl From<BadVariable> for Error {
    fn from(error: BadVariable) -> Self {
        Self::from_source(Exit::Configuration, &error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::from_source(Exit::Io, &error)
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        let exit = match &error {
            FileError::Io { .. } => Exit::Io,
            FileError::NotPlain { .. }
            | FileError::NotAFolder { .. }
            | FileError::TooLarge { .. }
            | FileError::There { .. } => Exit::Repository,
        };
        let shown = Self::from_source(exit, &error);
        match error {
            FileError::There { .. } => shown.hint("move it away, or choose another name"),
            _ => shown,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        match &error {
            ConfigError::File(FileError::Io { .. }) => Self::from_source(Exit::Io, &error),
            ConfigError::UnknownKey { nearest: Some(nearest), .. } => {
                Self::from_source(Exit::Configuration, &error).hint(format!("write `{nearest}`"))
            }
            ConfigError::UnknownKey { .. } => Self::from_source(Exit::Configuration, &error)
                .hint("remove it; the README lists every key under \"Configuration\""),
            ConfigError::NotATable { header, .. } | ConfigError::NotAList { header, .. } => {
                Self::from_source(Exit::Configuration, &error)
                    .hint(format!("write its keys below a line `{header}`"))
            }
            ConfigError::Twice { .. } | ConfigError::Beside { .. } => {
                Self::from_source(Exit::Configuration, &error).hint("remove one of them")
            }
            ConfigError::Credentials { .. } => Self::from_source(Exit::Configuration, &error)
                .hint("take them out of the address; a token goes into `SHIPMARK_TOKEN`"),
            _ => Self::from_source(Exit::Configuration, &error),
        }
    }
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        let exit = match &error {
            GitError::File(FileError::Io { .. }) => Exit::Io,
            GitError::Locked(_) => Exit::Locked,
            GitError::RefMoved(_) => Exit::Push,
            _ => Exit::Repository,
        };
        let plain = Self::from_source(exit, &error);
        match &error {
            GitError::NotFound(_) => plain.hint("run it inside a repository, or name one with `--repo PATH`"),
            GitError::ForeignOwner(path) => {
                plain.hint(format!("run `git config --global --add safe.directory {}`", path.display()))
            }
            GitError::BadGitDir(_) => plain.hint("unset it, or name the repository with `--repo PATH`"),
            GitError::Unborn => plain.hint("make the first commit"),
            GitError::Detached => plain.hint("check out a branch, or name it with `--branch NAME`"),
            GitError::Bare => plain.hint("run it in a clone that has a worktree"),
            GitError::Shallow(_) => {
                plain.hint("fetch the whole history: `git fetch --unshallow --tags`, in CI `fetch-depth: 0`")
            }
            GitError::NotAFile(path) => plain.hint(format!("replace `{path}` by a plain file")),
            GitError::Nested { path, .. } => plain
                .hint(format!("release it there, and remove `{path}` from `version_file` in shipmark.toml")),
            GitError::Filtered { path, .. } => {
                plain.hint(format!("take the attribute `filter` off `{path}` in .gitattributes"))
            }
            GitError::InTheWay(..) => plain.hint("choose another `tag.format`, or remove what is in the way"),
            GitError::Unsupported(_) => plain.hint(
                "clone it with SHA-1 objects and file references: `git clone` from a server that has them so",
            ),
            GitError::UnderWay(_) => plain.hint("finish it or abort it first; `git status` shows how"),
            GitError::Dirty(path) => {
                plain.hint(format!("commit it, or put it aside with `git stash push -- {path}`"))
            }
            GitError::NoIdentity => plain.hint("set `git config user.name` and `git config user.email`"),
            GitError::Journal { path, .. } => plain.hint(format!(
                "run the shipmark that wrote it, or remove `{}` after you have looked at the tags",
                path.display()
            )),
            GitError::RefMoved(_) => plain.hint("run `shipmark release` again"),
            GitError::IndexLocked(paths) => {
                plain.hint(format!("run `git checkout HEAD -- {paths}` when it is done"))
            }
            GitError::Locked(_) | GitError::RefLocked(_) => {
                plain.hint("wait for it to end, then run this again")
            }
            GitError::Manifest { source, .. } => plain.hint(mend_of(source)),
            GitError::UnknownRevision(_) => plain.hint("run `git fetch --tags` if another clone has it"),
            GitError::Git { .. } => {
                plain.hint("see what `git fsck` says; what is lost comes back with `git fetch --refetch`, or with a new clone")
            }
            _ => plain,
        }
    }
}

impl From<PushError> for Error {
    fn from(error: PushError) -> Self {
        let plain = |error: &PushError| Self::from_source(Exit::Push, error);
        match error {
            PushError::Git(error) => error.into(),
            PushError::Rejected { .. } => plain(&error)
                .hint("nothing was changed, here or there; see what the server asks for, then release again"),
            PushError::Unknown { .. } => plain(&error).hint(
                "run `shipmark release --push` again: it asks the remote first, and goes on from there",
            ),
            PushError::NotAtomic { .. } => plain(&error)
                .hint("let the server advertise it (`git config receive.advertiseAtomic true` there), or release without `--push`"),
            PushError::NoRemote(_) => Self::from_source(Exit::Repository, &error)
                .hint("add it with `git remote add origin URL`, or name another in `release.remote`"),
            PushError::Taken { .. } => {
                Self::from_source(Exit::Repository, &error).hint("run `git fetch --tags`")
            }
            PushError::Behind { .. } => {
                Self::from_source(Exit::Repository, &error).hint("run `git pull` first")
            }
            PushError::Unreachable { .. } => plain(&error)
                .hint("nothing was changed here; check the remote with `git ls-remote`, then release again"),
        }
    }
}

impl From<DecideError> for Error {
    fn from(error: DecideError) -> Self {
        let plain = Self::from_source(Exit::Repository, &error);
        match &error {
            DecideError::Collision { tag, .. } => plain.hint(format!(
                "merge `{}` into this branch, or choose another version with `--set`",
                tag.name
            )),
            DecideError::Exhausted(_) => plain.hint("choose the version by hand with `--set`"),
            DecideError::Graduated(_) => plain.hint("use `--bump major`"),
            DecideError::NotAbove { .. } => plain.hint("choose a higher version"),
            DecideError::BadReleaseAs { .. } => {
                plain.hint("choose the version by hand with `--set`, which beats the footer")
            }
        }
    }
}

impl From<ProcessError> for Error {
    fn from(error: ProcessError) -> Self {
        Self::from_source(Exit::Io, &error)
    }
}

impl From<AssembleError> for Error {
    fn from(error: AssembleError) -> Self {
        let plain = Self::from_source(Exit::Repository, &error);
        match &error {
            AssembleError::Manifest { source, .. } => plain.hint(mend_of(source)),
            AssembleError::Absent(path) => {
                plain.hint(format!("commit `{path}`, or remove it from `version_file` in shipmark.toml"))
            }
            AssembleError::Changelog { source, .. } => plain.hint(mend_of_changelog(source)),
        }
    }
}

/// What to do about a changelog that cannot be edited.
fn mend_of_changelog(error: &ChangelogError) -> &'static str {
    match error {
        ChangelogError::NotUtf8 => "save it as UTF-8",
        ChangelogError::OpenFence(_) => "close the fence, and commit the file",
    }
}

/// What to do about a file that holds no version where one is looked for.
fn mend_of(error: &ManifestError) -> String {
    match error {
        ManifestError::NotAVersion(_) => "write one version into it, such as 1.2.3, and commit it".to_owned(),
        ManifestError::NotUtf8 => "save it as UTF-8".to_owned(),
        ManifestError::Differs { current, .. } => {
            format!("write {current} there and commit it; nothing was changed")
        }
        ManifestError::SamePlace(_) => "remove one of them from shipmark.toml".to_owned(),
        ManifestError::Malformed { .. } => "mend the file and commit it".to_owned(),
        _ => "mend the file, or its entry in `version_file` in shipmark.toml".to_owned(),
    }
}

impl From<TemplateError> for Error {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Custom { .. } => Self::from_source(Exit::Configuration, &error)
                .hint("mend the template; the README lists what it may use"),
            _ => Self::from_source(Exit::Bug, &error),
        }
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        let of = |exit| Self::from_source(exit, &error);
        match &error {
            ClientError::Credentials => {
                of(Exit::Configuration).hint("take it out and set `SHIPMARK_TOKEN` instead")
            }
            ClientError::BadToken(_) => {
                of(Exit::Configuration).hint("set it to what `shipmark token create` printed")
            }
            ClientError::TokenExposed(path) => {
                of(Exit::Configuration).hint(format!("close it to others: chmod 600 {}", path.display()))
            }
            ClientError::Unreadable { variable, .. } | ClientError::NoFile { variable, .. } => {
                of(Exit::Configuration).hint(format!("set `{variable}` to a file that you can read"))
            }
            ClientError::Http(HttpError::Authorities(_)) => of(Exit::Configuration)
                .hint("name a file of certificates in PEM with `--ca-file` or `SHIPMARK_CA_FILE`"),
            ClientError::Http(HttpError::Insecure(_)) => of(Exit::Configuration)
                .hint("use an https address, or accept that others can read along with `--allow-http`"),
            ClientError::Http(HttpError::Setup(_)) => {
                of(Exit::Configuration).hint("install the certificates of the system (`ca-certificates`)")
            }
            ClientError::Refused { status: 401 | 403, .. } => {
                of(Exit::Registry).hint("set `SHIPMARK_TOKEN` to a token of this registry")
            }
            ClientError::Refused { status: 409, .. } => {
                of(Exit::Registry).hint("see what is held with `shipmark hold list`")
            }
            ClientError::Refused { status: 422, .. } => of(Exit::Registry),
            ClientError::Http(_) | ClientError::Refused { .. } => {
                of(Exit::Registry).hint("check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`")
            }
        }
    }
}

impl From<OutboxError> for Error {
    fn from(error: OutboxError) -> Self {
        match &error {
            OutboxError::File(_) | OutboxError::Io { .. } => Self::from_source(Exit::Io, &error),
            OutboxError::NoSuchReport(_) | OutboxError::Ambiguous(_) => {
                Self::from_source(Exit::Usage, &error).hint("see the ids with `shipmark outbox list`")
            }
            OutboxError::Leased(_) => Self::from_source(Exit::Locked, &error).hint("try again in a moment"),
        }
    }
}

impl From<SubjectError> for Error {
    fn from(error: SubjectError) -> Self {
        match error {
            SubjectError::Git(error) => error.into(),
            SubjectError::NoVersion { .. } => Self::from_source(Exit::Repository, &error)
                .hint("commit a `VERSION.txt` that holds one version, such as 0.1.0"),
            SubjectError::BadVersion { .. } => Self::from_source(Exit::Repository, &error)
                .hint("commit a `VERSION.txt` that holds one version, such as 1.4.0 or 1.4.0-rc.1"),
            SubjectError::Unsaid(what) => {
                Self::from_source(Exit::Usage, &error).hint(format!("name it with `--{what} NAME`"))
            }
            SubjectError::BadName { .. } => {
                Self::from_source(Exit::Usage, &error).hint("choose another name")
            }
        }
    }
}

impl From<OperandError> for Error {
    fn from(error: OperandError) -> Self {
        let of = |hint: &str| Self::from_source(Exit::Repository, &error).hint(hint);
        match error {
            OperandError::Subject(error) => error.into(),
            OperandError::Unknown(_) => of(
                "see the environments with `shipmark status`, or run `git fetch --tags` if another clone has it",
            ),
            OperandError::NotHere { shallow: true, .. } => {
                of("run `git fetch --unshallow --tags`, in CI `fetch-depth: 0`")
            }
            OperandError::NotHere { .. } => of("run `git fetch`, or let `--fetch` do it"),
            OperandError::Gone { .. } => of("check that this is the repository it was deployed from"),
        }
    }
}

impl From<Several> for Error {
    fn from(error: Several) -> Self {
        let choices = error.choices.join(", ");
        Self::from_source(Exit::Usage, &error).hint(format!("name one: {choices}"))
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match &error {
            OpenError::Folder { .. } | OpenError::File { .. } => Self::from_source(Exit::Io, &error)
                .hint("choose a folder that you may write to with `--data-dir DIR`"),
            OpenError::Database { .. } => Self::from_source(Exit::Io, &error).hint(
                "if the file is damaged, put a backup in its place; if it is busy, stop the other program",
            ),
            OpenError::Server { .. } => Self::from_source(Exit::Io, &error)
                .hint("see that the server runs, and that the user may make tables in this database"),
            OpenError::Locked { .. } => {
                Self::from_source(Exit::Locked, &error).hint("wait for it to end, then start this one again")
            }
            OpenError::Foreign { .. } => Self::from_source(Exit::Configuration, &error)
                .hint("name an empty database, or one that Lord-Y/versions made"),
            OpenError::Newer { .. } => Self::from_source(Exit::Configuration, &error)
                .hint("run the shipmark that made this database, or a newer one"),
        }
    }
}

impl From<BackupError> for Error {
    fn from(error: BackupError) -> Self {
        let hint = match &error {
            BackupError::Absent(_) => {
                "name its folder with `--data-dir DIR`, or its file with `--database sqlite://FILE`"
            }
            BackupError::Failed { .. } => {
                "see that it is a registry, and that the disk of the copy has room for it"
            }
            BackupError::Damaged { .. } => "the database itself may be damaged: keep the older backups",
        };
        Self::from_source(Exit::Io, &error).hint(hint)
    }
}

impl From<ServeError> for Error {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Template(_) => Self::from_source(Exit::Bug, &error),
            ServeError::Broken => Self::from_source(Exit::Io, &error)
                .hint("look at the disk, then start again: what was confirmed is read back from the log"),
        }
    }
}

impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NoSuch(_) => Self::from_source(Exit::Usage, &error),
            RegistryError::FaultyToken(faults) => {
                let of =
                    |fault: &Fault| format!("`{}` {}", fault.pointer.trim_start_matches('/'), fault.detail);
                let faults: Vec<_> = faults.iter().map(of).collect();
                Self::new(Exit::Usage, format!("the token cannot be made: {}", faults.join("; ")))
            }
            _ => Self::from_source(Exit::Io, &error),
        }
    }
}

impl From<BadRedis> for Error {
    fn from(error: BadRedis) -> Self {
        Self::from_source(Exit::Configuration, &error)
    }
}

impl From<BadAddress> for Error {
    fn from(error: BadAddress) -> Self {
        Self::from_source(Exit::Configuration, &error)
    }
}
