//! `shipmark backup`: copies the embedded database while the server runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::database::{Database, Named};
use crate::cli::Context;
use crate::error::{Error, Exit, Status};
use crate::{files, store};

/// Copy the registry to a file, also while it is served
///
/// The copy is checked and on disk before it gets its name. To go back to it, stop the server, put the file in the place of
/// `registry.db`, and remove `registry.db-wal` and `registry.db-shm`.
#[derive(Args)]
pub(in crate::cli) struct Backup {
    /// The file to make; one that is there is not replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    database: Named,
}

impl Backup {
    pub(in crate::cli) fn run(self, context: &Context) -> Result<Status, Error> {
        let from = match Database::choose(&self.database, context.world)? {
            Database::Folder(folder) => folder.join(store::FILE),
            Database::File(path) => path,
            Database::Server(server) => return Err(elsewhere(&server)),
        };
        let to = context.world.cwd().join(&self.file);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::from_source(Exit::Io, &error))?;
        let bytes =
            files::make(&to, |aside| runtime.block_on(store::back_up(&from, aside)).map_err(Error::from))?;
        if context.global.json {
            context.ui.document(&json!({ "file": self.file, "bytes": bytes }))?;
        } else {
            let size = bytes.div_ceil(1024);
            context.ui.answer(&format!("{}: {size} KiB, checked", self.file.display()))?;
        }
        Ok(Exit::Done.into())
    }
}

fn elsewhere(server: &store::Server) -> Error {
    let message = format!("{} is copied by the tools of its engine", server.name());
    Error::new(Exit::Usage, message).hint("use `pg_dump`, or `mariadb-dump` or `mysqldump`")
}
