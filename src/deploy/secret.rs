//! Where a token and the certificates of a registry come from: the environment, or a file that it names. Never
//! from an argument, which every process of the machine can read.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::client::ClientError;
use crate::domain::text;
use crate::files;
use crate::http::Token;
use crate::process;
use crate::world::World;

const TOKEN: &str = "SHIPMARK_TOKEN";
const TOKEN_FILE: &str = "SHIPMARK_TOKEN_FILE";
const CA_FILE: &str = "SHIPMARK_CA_FILE";

/// The token of `SHIPMARK_TOKEN`, else that of the file which `SHIPMARK_TOKEN_FILE` names. Such a file must be
/// closed to everybody but its owner, as ssh wants it for a key.
pub(super) fn token(world: &World) -> Result<Option<Token>, ClientError> {
    let (text, origin) = match (world.var(TOKEN), world.var(TOKEN_FILE)) {
        (Some(text), _) => (text.to_owned(), TOKEN.to_owned()),
        (None, Some(file)) => (closed(&world.cwd().join(file))?, file.to_owned()),
        (None, None) => return Ok(None),
    };
    process::keep_out_of_core_dumps();
    Token::parse(&text).map(Some).ok_or(ClientError::BadToken(origin))
}

fn closed(path: &Path) -> Result<String, ClientError> {
    let bytes = read(TOKEN_FILE, path)?;
    // What cannot be looked at has just been read, so it is gone by now and tells nothing.
    let mode = std::fs::metadata(path).map_or(0, |found| found.mode());
    if mode & 0o077 != 0 {
        return Err(ClientError::TokenExposed(path.to_owned()));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The lines without any secret of the environment, in whatever form it stands in them, and without controls, each
/// cut to `most` bytes. A value of a few characters is no secret, and would be found everywhere.
pub fn clean(lines: &[String], world: &World, most: usize) -> Vec<String> {
    const SHORTEST: usize = 6;
    let values = world.secrets().chain(world.var(TOKEN));
    // A key of several lines is written line by line.
    let parts = values.flat_map(str::lines).map(str::trim).filter(|part| part.len() >= SHORTEST);
    let secrets: Vec<(&str, Option<Token>)> = parts.map(|part| (part, Token::parse(part))).collect();
    let clean = |line: &String| {
        let clean = secrets.iter().fold(line.clone(), |line, (plain, token)| match token {
            Some(token) => token.redact(&line),
            None => line.replace(plain, "***"),
        });
        let shown = text::line(&clean);
        shown.get(..shown.floor_char_boundary(most)).unwrap_or_default().to_owned()
    };
    lines.iter().map(clean).collect()
}

/// The certificates (PEM) of the file that is named, by an argument or else by `SHIPMARK_CA_FILE`.
pub(super) fn authorities(named: Option<&Path>, world: &World) -> Result<Option<Vec<u8>>, ClientError> {
    let path = named.map(Path::to_owned).or_else(|| world.var(CA_FILE).map(PathBuf::from));
    path.map(|path| read(CA_FILE, &world.cwd().join(path))).transpose()
}

fn read(variable: &'static str, path: &Path) -> Result<Vec<u8>, ClientError> {
    let found = files::read(path).map_err(|source| ClientError::Unreadable { variable, source })?;
    found.ok_or_else(|| ClientError::NoFile { variable, path: path.to_owned() })
}
