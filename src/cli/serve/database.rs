//! Which database: by option, by our own variable, by the two of Lord-Y/versions, else SQLite in a folder.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Exit};
use crate::store::{OpenError, Server, Store};
use crate::world::World;

const DATA_DIR: &str = "SHIPMARK_DATA_DIR";
const DATABASE: &str = "SHIPMARK_DATABASE_URL";
const DRIVER: &str = "SQL_DRIVER";
const URI: &str = "DB_URI";

/// The database as options name it.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The folder of the embedded database (also `SHIPMARK_DATA_DIR`; default: `shipmark` in your data folder)
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// The database, instead of the embedded one: `postgres://…`, `mysql://…` or `sqlite://FILE` (also
    /// `SHIPMARK_DATABASE_URL`, or `SQL_DRIVER` and `DB_URI`); a variable keeps the password out of `ps`
    #[arg(long, value_name = "URL", global = true, conflicts_with = "data_dir")]
    database: Option<String>,
}

/// Where the rows are kept.
#[derive(Debug)]
pub(super) enum Database {
    Folder(PathBuf),
    File(PathBuf),
    Server(Box<Server>),
}

impl Database {
    pub(super) fn choose(named: &Named, world: &World) -> Result<Self, Error> {
        let data_dir = || named.data_dir.clone().or_else(|| world.var(DATA_DIR).map(PathBuf::from));
        // A folder that is named on the command line counts more than a variable.
        if named.data_dir.is_none() {
            let url = named.database.as_deref().or_else(|| world.var(DATABASE));
            if let Some(url) = url.map(str::trim) {
                return match url.strip_prefix("sqlite://") {
                    Some(path) if !path.is_empty() => Ok(Self::File(world.cwd().join(path))),
                    _ => Ok(Self::Server(Server::parse(url)?.into())),
                };
            }
            match (world.var(DRIVER), world.var(URI)) {
                (Some(driver), Some(uri)) => return Ok(Self::Server(Server::of_driver(driver, uri)?.into())),
                (None, None) => {}
                (Some(_), None) => return Err(alone(DRIVER, URI)),
                (None, Some(_)) => return Err(alone(URI, DRIVER)),
            }
        }
        let folder = data_dir().or_else(|| world.data_home().map(|home| home.join("shipmark")));
        folder.map(|folder| Self::Folder(world.cwd().join(folder))).ok_or_else(|| {
            Error::new(Exit::Configuration, "there is no home folder to keep the database in")
                .hint("name a folder with `--data-dir DIR`")
        })
    }

    pub(super) async fn open(&self, world: &World) -> Result<Store, OpenError> {
        match self {
            Self::Folder(folder) => Store::open(folder, world.now()).await,
            Self::File(path) => Store::open_file(path, world.now()).await,
            Self::Server(server) => Store::connect(server, world.now()).await,
        }
    }

    /// What an operator reads in the line of the start.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Folder(path) | Self::File(path) => path.display().to_string(),
            Self::Server(server) => server.name(),
        }
    }

    /// What to warn of before anything is opened.
    pub(super) fn warnings(&self) -> Vec<String> {
        match self {
            Self::Server(server) => {
                let warn =
                    |name: &String| format!("the parameter `{name}` of the database means nothing here");
                server.ignored.iter().map(warn).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn alone(set: &str, unset: &str) -> Error {
    Error::new(Exit::Configuration, format!("the environment variable `{set}` is set without `{unset}`"))
        .hint(format!("set both, or use `{DATABASE}` alone"))
}
