//! The configuration in layers, weakest first: built-in default, user file, `shipmark.toml`, environment, option.
//! Each value keeps its origin, so that a message about it can say where it stands.

mod changelog;
mod commits;
mod environment;
mod error;
pub mod keys;
mod layer;
mod preflight;
pub mod schema;
mod setting;
pub mod show;
mod smoke;
mod version_file;
mod way;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semver::Version;
use url::Url;

use self::changelog::changelog;
pub use self::changelog::{Changelog, Contributors};
use self::environment::environments;
pub use self::environment::{Command, Environment};
pub use self::error::ConfigError;
pub use self::layer::Origin;
use self::layer::{Leaf, Leaves};
use self::preflight::preflight;
pub use self::preflight::{Check, Preflight};
use self::setting::Setting;
pub use self::smoke::Trial;
pub use self::version_file::VersionFile;
use self::version_file::version_files;
use crate::domain::decide::OwnRule;
use crate::domain::reading::Reading;
use crate::domain::tier::Rank;
use crate::domain::version::{Bump, TagFormat, Zero};
use crate::files;

/// The settings as they are meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// `None`: the repository's name.
    pub app: Option<String>,
    /// `None`: the app.
    pub workload: Option<String>,
    pub tag_format: TagFormat,
    pub initial: Version,
    /// Holds `{version}`.
    pub commit_message: String,
    pub remote: String,
    pub zero: Zero,
    /// The level of each commit type; `None` is "no release".
    pub types: BTreeMap<String, Option<Bump>>,
    /// The level of a type that has none, `bump.types."*"`; `None` if nobody said.
    pub unlisted: Option<Option<Bump>>,
    /// Asked before the types.
    pub rules: Vec<OwnRule>,
    /// How commits are read.
    pub reading: Reading,
    /// Whether `prepare-commit-msg` adds the known types as comments.
    pub prepare: bool,
    pub version_files: Vec<VersionFile>,
    pub changelog: Changelog,
    pub registry: Option<Registry>,
    pub environments: BTreeMap<String, Environment>,
    pub preflight: Preflight,
}

/// Where reports go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    pub url: Url,
    /// Whether the user or the environment named this address. A token never goes to an address that only a
    /// file of the repository names, or a clone could collect tokens.
    pub takes_token: bool,
}

impl Registry {
    /// A registry that nobody named today, as a report from an earlier day may: it gets no token.
    pub fn untrusted(address: &str) -> Option<Self> {
        Url::parse(address).ok().filter(Url::has_host).map(|url| Self { url, takes_token: false })
    }
}

/// Where the layers are read from; `None` where there is no such layer.
#[derive(Debug, Default)]
pub struct Sources<'a> {
    pub user_file: Option<PathBuf>,
    pub repository_file: Option<PathBuf>,
    /// Whether the user named `repository_file`, so that it has to be there.
    pub named: bool,
    /// `SHIPMARK_REGISTRY_URL`.
    pub registry_url: Option<&'a str>,
}

/// The name of the configuration file at a repository's root.
pub const FILE_NAME: &str = "shipmark.toml";

/// Reads all layers.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    Config::from_leaves(&read_layers(sources)?)
}

/// Reads the text of one `shipmark.toml` alone.
pub fn read(text: &str, file: &Path) -> Result<Config, ConfigError> {
    let mut leaves = Leaves::new();
    layer::read(text, file, |file, line| Origin::Repository { file, line }, &mut leaves)?;
    Config::from_leaves(&leaves)
}

fn read_layers(sources: &Sources) -> Result<Leaves, ConfigError> {
    let mut leaves = Leaves::new();
    if let Some(file) = &sources.user_file {
        read_file(file, false, |file, line| Origin::User { file, line }, &mut leaves)?;
    }
    if let Some(file) = &sources.repository_file {
        read_file(file, sources.named, |file, line| Origin::Repository { file, line }, &mut leaves)?;
    }
    if let Some(url) = sources.registry_url {
        let leaf = Leaf {
            value: toml::Value::String(url.to_owned()),
            origin: Origin::Variable("SHIPMARK_REGISTRY_URL"),
        };
        leaves.insert(vec!["registry".to_owned(), "url".to_owned()], leaf);
    }
    Ok(leaves)
}

fn read_file(
    file: &Path,
    required: bool,
    origin: impl Fn(PathBuf, usize) -> Origin,
    leaves: &mut Leaves,
) -> Result<(), ConfigError> {
    let Some(bytes) = files::read(file)? else {
        return if required { Err(ConfigError::Missing(file.to_owned())) } else { Ok(()) };
    };
    let text = String::from_utf8(bytes).map_err(|_| ConfigError::NotUtf8(file.to_owned()))?;
    layer::read(&text, file, origin, leaves)
}

impl Config {
    fn from_leaves(leaves: &Leaves) -> Result<Self, ConfigError> {
        let get = |path: &str| Setting::of(leaves, path);
        let format = get("tag.format").parsed("a text around one `{version}`", TagFormat::parse)?;
        let message = get("release.commit_message").parsed("one line that holds `{version}`", |text| {
            (text.contains("{version}") && text.lines().count() == 1).then(|| text.to_owned())
        })?;
        let zero = |name: &str| Zero::ALL.into_iter().find(|zero| zero.name() == name);
        let registry = get(REGISTRY);
        let takes_token = !matches!(registry.leaf.map(|leaf| &leaf.origin), Some(Origin::Repository { .. }));
        Ok(Self {
            app: get("app").parsed(NAME, name)?,
            workload: get("workload").parsed(NAME, name)?,
            tag_format: format.unwrap_or_default(),
            initial: get("release.initial")
                .parsed("a semantic version", |text| Version::parse(text).ok())?
                .unwrap_or(Version::new(0, 1, 0)),
            commit_message: message.unwrap_or_else(|| "chore(release): {version}".to_owned()),
            remote: get("release.remote")
                .parsed("the name of a remote", |text| {
                    let plain =
                        !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_whitespace);
                    plain.then(|| text.to_owned())
                })?
                .unwrap_or_else(|| "origin".to_owned()),
            zero: get("bump.zero").parsed("semver, cargo or major", zero)?.unwrap_or_default(),
            types: types(leaves)?,
            unlisted: Setting::at(leaves, &["bump", "types", "*"]).parsed(LEVEL, level)?,
            rules: commits::rules(leaves)?,
            reading: commits::reading(leaves)?,
            prepare: get("hooks.prepare").flag()?.unwrap_or(false),
            registry: match registry.parsed("an http or https address", http_address)? {
                Some(url) => Some(Registry { url: unnamed(url, &registry)?, takes_token }),
                None => None,
            },
            version_files: version_files(leaves)?,
            changelog: changelog(leaves)?,
            environments: environments(leaves)?,
            preflight: preflight(leaves)?,
        })
    }

    /// The commit types that the configuration names beside the usual ones.
    pub fn known_types(&self) -> impl Iterator<Item = &str> + Clone {
        let headings = self.changelog.groups.iter().flat_map(|group| &group.types);
        self.types.keys().chain(headings).map(String::as_str)
    }

    /// The platform of an environment: its own name unless the configuration says otherwise.
    pub fn platform_of<'a>(&'a self, environment: &'a str) -> &'a str {
        self.environments.get(environment).and_then(|found| found.platform.as_deref()).unwrap_or(environment)
    }

    /// The tier of an environment: as configured, else guessed by its name and its platform's.
    pub fn rank_of(&self, environment: &str, platform: &str) -> Rank {
        let said = self.environments.get(environment).and_then(|found| found.tier);
        Rank::of(said, platform, environment)
    }
}

fn http_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The address as it is, if it names no user: a file of a repository is read by everyone, and an address is
/// repeated in messages and in the outbox.
fn unnamed(url: Url, setting: &Setting) -> Result<Url, ConfigError> {
    match setting.leaf {
        Some(leaf) if !url.username().is_empty() || url.password().is_some() => {
            Err(ConfigError::Credentials { key: REGISTRY, origin: leaf.origin.clone() })
        }
        _ => Ok(url),
    }
}

/// The key of the registry's address.
const REGISTRY: &str = "registry.url";

/// What the registry allows as a name (registry.md: 1 to 100 code points, no control characters).
const NAME: &str = "a name of 1 to 100 characters without control characters";

fn name(text: &str) -> Option<String> {
    let length = text.chars().count();
    ((1..=100).contains(&length) && !text.contains(char::is_control)).then(|| text.to_owned())
}

/// The levels that hold without a configuration: what a user of the software notices.
const TYPES: [(&str, Option<Bump>); 4] = [
    ("feat", Some(Bump::Minor)),
    ("fix", Some(Bump::Patch)),
    ("hotfix", Some(Bump::Patch)),
    ("perf", Some(Bump::Patch)),
];

fn types(leaves: &Leaves) -> Result<BTreeMap<String, Option<Bump>>, ConfigError> {
    let mut types: BTreeMap<_, _> = TYPES.map(|(name, level)| (name.to_owned(), level)).into();
    for (path, leaf) in leaves {
        let [bump, table, name] = path.as_slice() else { continue };
        if bump != "bump" || table != "types" || name == "*" {
            continue;
        }
        let setting = Setting { key: path.join("."), leaf: Some(leaf) };
        if !name.chars().all(|c| c.is_ascii_alphabetic()) || name.is_empty() {
            return Err(setting.refuse(leaf, "a type made of ASCII letters, as the commit grammar has it"));
        }
        types.insert(name.clone(), setting.parsed(LEVEL, level)?.flatten());
    }
    Ok(types)
}

const LEVEL: &str = "major, minor, patch or none";

/// Reads the name of a level; the inner `None` asks for no release.
#[expect(clippy::option_option, reason = "the outer one is a text that is no level")]
fn level(name: &str) -> Option<Option<Bump>> {
    match name {
        "none" => Some(None),
        other => Bump::from_name(other).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        super::read(text, Path::new("shipmark.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = read("").unwrap();
        assert_eq!(config.initial, Version::new(0, 1, 0));
        assert_eq!(config.tag_format.tag_of(&Version::new(1, 0, 0)), "v1.0.0");
        assert_eq!(config.platform_of("dev"), "dev");
        assert_eq!(config.types.get("feat"), Some(&Some(Bump::Minor)));
    }

    #[test]
    fn values_are_read() {
        let config = read(concat!(
            "app = \"helpdesk\"\n[bump]\nzero = \"cargo\"\n[bump.types]\nsecurity = \"patch\"\nperf = \"none\"\n",
            "[environments.\"eu west\"]\nplatform = \"production\"\norder = 30\n",
        ))
        .unwrap();
        assert_eq!(config.app.as_deref(), Some("helpdesk"));
        assert_eq!(config.zero, Zero::Cargo);
        assert_eq!(config.types.get("security"), Some(&Some(Bump::Patch)));
        assert_eq!(config.types.get("perf"), Some(&None));
        assert_eq!(config.platform_of("eu west"), "production");
    }

    #[test]
    fn every_mistake_names_file_line_and_key() {
        for (text, message) in [
            ("\n[relase]\ninitial = \"1.0.0\"", "shipmark.toml:2: unknown key `relase`"),
            ("[release]\ninital = \"1.0.0\"", "shipmark.toml:2: unknown key `release.inital`"),
            (
                "app = 3",
                "shipmark.toml:1: `app` is `3`, not a name of 1 to 100 characters without control characters",
            ),
            (
                "[release]\ninitial = \"1.0\"",
                "shipmark.toml:2: `release.initial` is `1.0`, not a semantic version",
            ),
            (
                "[bump.types]\n\"db-fix\" = \"patch\"",
                "shipmark.toml:2: `bump.types.db-fix` is `patch`, not a type made of ASCII letters, as the commit grammar has it",
            ),
            ("release = 1", "shipmark.toml:1: `release` is a table, and not one value or a list"),
            (
                "[[environments.x]]",
                "shipmark.toml:1: `environments.x` is a table, and not one value or a list",
            ),
            (
                "[environments]\nprod = 1",
                "shipmark.toml:2: `environments.prod` is a table, and not one value or a list",
            ),
            (
                "[environments.\"a.b\"]\norder = 1.5",
                "shipmark.toml:2: `environments.a.b.order` is `1.5`, not a text, a whole decimal number, true or false, or a list of texts",
            ),
            (
                "[bump.types]\nFeat = \"minor\"\nfeat = \"patch\"",
                "shipmark.toml:3: `bump.types.feat` is there twice, also in shipmark.toml:2; the case of a type does not count",
            ),
            (
                "\n[registry]\nurl = \"https://ada:secret@r.example\"",
                "shipmark.toml:3: `registry.url` holds a user name or a password",
            ),
            (
                "[registry]\nurl = \"ftp://ada:secret@r.example\"",
                "shipmark.toml:2: `registry.url` is `ftp://…@r.example`, not an http or https address",
            ),
            (
                "[registry]\nurl = \"ftp://x\"",
                "shipmark.toml:2: `registry.url` is `ftp://x`, not an http or https address",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), message, "{text}");
        }
        assert!(read("a = [\n").unwrap_err().starts_with("shipmark.toml:"));
    }

    #[test]
    fn a_token_goes_only_where_the_user_says() {
        let from_file = read("[registry]\nurl = \"https://r.example\"").unwrap();
        assert!(!from_file.registry.unwrap().takes_token);
        let sources = Sources { registry_url: Some("https://r.example"), ..Sources::default() };
        assert!(load(&sources).unwrap().registry.unwrap().takes_token);
    }
}
