//! What is deployed, and where to.

use semver::Version;

use crate::ci::Job;
use crate::config::Config;
use crate::git::{GitError, Repo};

/// The file that holds the version, from the root of the repository.
const VERSION_FILE: &str = "VERSION.txt";

/// Why it cannot be said what would be deployed.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("the commit {commit} has no `VERSION.txt`")]
    NoVersion { commit: String },
    #[error("`VERSION.txt` of the commit {commit} holds `{text}`, which is no semantic version")]
    BadVersion { commit: String, text: String },
    #[error("outside a repository nothing says which {0} is meant")]
    Unsaid(&'static str),
    #[error("the {what} `{name}` is not 1 to 100 characters without control characters")]
    BadName { what: &'static str, name: String },
}

/// Where a deployment goes: reports of one target are delivered in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub app: String,
    pub workload: String,
    pub platform: String,
    pub environment: String,
}

impl Target {
    /// The target that the user and the configuration name.
    pub fn of(
        config: &Config,
        repo: Option<&Repo>,
        app: Option<&str>,
        environment: &str,
    ) -> Result<Self, SubjectError> {
        let app = match app {
            Some(app) => app.to_owned(),
            None => app_of(config, repo).ok_or(SubjectError::Unsaid("app"))?,
        };
        check_name("app", &app)?;
        check_name("environment", environment)?;
        Ok(Self {
            workload: config.workload.clone().unwrap_or_else(|| app.clone()),
            platform: config.platform_of(environment).to_owned(),
            environment: environment.to_owned(),
            app,
        })
    }
}

impl Target {
    /// The same where the environment may be named with its platform, `NAME/PLATFORM`.
    pub fn named(
        config: &Config,
        repo: Option<&Repo>,
        app: Option<&str>,
        place: &str,
    ) -> Result<Self, SubjectError> {
        let Some((environment, platform)) = place.split_once('/') else {
            return Self::of(config, repo, app, place);
        };
        check_name("platform", platform)?;
        Ok(Self { platform: platform.to_owned(), ..Self::of(config, repo, app, environment)? })
    }
}

/// Refuses a name that no registry takes.
pub fn check_name(what: &'static str, name: &str) -> Result<(), SubjectError> {
    if (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control) {
        return Ok(());
    }
    Err(SubjectError::BadName { what, name: crate::domain::text::line(name) })
}

/// The app's name: as configured, else the repository's.
pub fn app_of(config: &Config, repo: Option<&Repo>) -> Option<String> {
    config.app.clone().or_else(|| repo?.name(&config.remote))
}

/// What is put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub version: String,
    pub sha: Option<String>,
    pub branch: Option<String>,
    /// Whether tracked files differ from the commit; unknown outside a repository.
    pub dirty: Option<bool>,
}

impl Source {
    /// HEAD, with the version that its `VERSION.txt` holds.
    pub fn of_head(repo: &Repo) -> Result<Self, SubjectError> {
        let head = repo.head()?;
        let version = version_at(repo, &head.oid)?.to_string();
        let dirty = Some(!repo.changed_files()?.is_empty());
        Ok(Self { version, sha: Some(head.oid), branch: head.branch, dirty })
    }

    /// A commit that the user names, with the version that its `VERSION.txt` holds; its files are taken as they
    /// are committed.
    pub fn of_rev(rev: &str, repo: &Repo) -> Result<Self, SubjectError> {
        let sha = repo.resolve(rev)?;
        let version = version_at(repo, &sha)?.to_string();
        let branch = repo.resolve(&format!("refs/heads/{rev}")).is_ok().then(|| rev.to_owned());
        Ok(Self { version, sha: Some(sha), branch, dirty: Some(false) })
    }

    /// The branch that a CI job runs for, where the checkout names none: runners check out a bare commit.
    #[must_use]
    pub fn in_job(self, job: Option<&Job>) -> Self {
        let branch = self.branch.or_else(|| job?.branch.clone());
        Self { branch, ..self }
    }

    /// A version that the user names: its tag says which commit that is, else HEAD if HEAD holds it, else
    /// nothing does.
    pub fn of_version(version: &str, config: &Config, repo: Option<&Repo>) -> Result<Self, SubjectError> {
        check_name("version", version)?;
        let unknown = Self { version: version.to_owned(), sha: None, branch: None, dirty: None };
        let Some(repo) = repo else { return Ok(unknown) };
        if let Some(sha) = tagged(version, config, repo)? {
            return Ok(Self { sha: Some(sha), ..unknown });
        }
        match Self::of_head(repo) {
            Ok(head) if head.version == version => Ok(head),
            Ok(_)
            | Err(
                SubjectError::NoVersion { .. }
                | SubjectError::BadVersion { .. }
                | SubjectError::Git(GitError::Unborn),
            ) => Ok(unknown),
            Err(error) => Err(error),
        }
    }
}

/// The commit of a version's release tag.
pub fn tagged(version: &str, config: &Config, repo: &Repo) -> Result<Option<String>, SubjectError> {
    let Ok(version) = Version::parse(version) else { return Ok(None) };
    match repo.resolve(&format!("refs/tags/{}", config.tag_format.tag_of(&version))) {
        Ok(oid) => Ok(Some(oid)),
        Err(GitError::UnknownRevision(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The version that `VERSION.txt` holds at a commit.
pub fn version_at(repo: &Repo, oid: &str) -> Result<Version, SubjectError> {
    let commit = crate::domain::text::short(oid).to_owned();
    let Some(bytes) = repo.file_at(oid, VERSION_FILE)? else {
        return Err(SubjectError::NoVersion { commit });
    };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim();
    Version::parse(text).map_err(|_| {
        let shown = text.chars().take(60).collect::<String>();
        SubjectError::BadVersion { commit, text: crate::domain::text::line(&shown) }
    })
}
