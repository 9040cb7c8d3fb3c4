//! Reads and replaces whole files. A reader sees the old bytes or the new ones, never a mixture, also after a
//! power cut: temporary file, fsync, rename, fsync of the directory.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What could not be read or written, and why.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot {action} `{path}`")]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("`{path}` is {what}, not a plain file")]
    NotPlain { path: PathBuf, what: &'static str },
    #[error("`{path}` is {what}, not a folder")]
    NotAFolder { path: PathBuf, what: &'static str },
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("`{path}` is there already")]
    There { path: PathBuf },
}

/// No file that a person keeps a version or a configuration in is larger.
const LIMIT: u64 = 10 * 1024 * 1024;

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> FileError + use<'a> {
    move |source| FileError::Io { action, path: path.to_owned(), source }
}

/// Reads a file of at most 10 MiB, following symbolic links; `None` if nothing is there.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let size = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(not_plain(path, "a directory")),
        Ok(found) => found.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    if size > LIMIT {
        return Err(FileError::TooLarge { path: path.to_owned(), limit: LIMIT });
    }
    fs::read(path).map(Some).map_err(failed("read", path))
}

/// The place of a file inside a folder; no folder on the way may be a symbolic link, which could lead out of it.
pub fn inside(root: &Path, relative: &str) -> Result<PathBuf, FileError> {
    let mut path = root.to_owned();
    let mut parts = relative.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        if parts.peek().is_none() {
            break;
        }
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(found) => {
                let what = if found.is_symlink() { "a symbolic link" } else { "a file" };
                return Err(FileError::NotAFolder { path, what });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed("read", &path)(error)),
        }
    }
    Ok(path)
}

/// Reads a file that shipmark manages; a symbolic link could point out of the repository and is refused.
pub fn read_managed(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match plain(path)? {
        None => Ok(None),
        Some(_) => read(path),
    }
}

/// Replaces a file by new bytes and keeps its mode; a new file gets the usual one.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mode = plain(path)?.map(|found| found.permissions());
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(failed("create", folder))?;
    let mut temporary = tempfile::Builder::new()
        .prefix(&temporary_prefix(path))
        .permissions(mode.unwrap_or_else(usual_mode))
        .tempfile_in(folder)
        .map_err(failed("write in", folder))?;
    temporary.write_all(bytes).map_err(failed("write", path))?;
    temporary.as_file().sync_all().map_err(failed("write", path))?;
    temporary.persist(path).map_err(|error| failed("replace", path)(error.error))?;
    sync_folder(folder)
}

/// Replaces a file as `replace` does and makes it executable.
pub fn replace_executable(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    replace(path, bytes)?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, executable).map_err(failed("make executable", path))
}

/// Makes a file of any size that only its owner may read: `fill` writes to another name beside it, and when all is on disk
/// it gets its name. What has that name already stays, and is an error. Says how many bytes there are.
pub fn make<E: From<FileError>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<u64, E> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(FileError::There { path: path.to_owned() }.into());
    }
    let folder = folder_of(path);
    let aside = tempfile::Builder::new().prefix(&temporary_prefix(path)).tempfile_in(folder);
    let aside = aside.map_err(failed("write in", folder))?;
    fill(aside.path())?;
    sync_file(aside.path())?;
    let bytes = fs::metadata(aside.path()).map_err(failed("read", path))?.len();
    aside.persist_noclobber(path).map_err(|error| match error.error.kind() {
        ErrorKind::AlreadyExists => FileError::There { path: path.to_owned() },
        _ => failed("make", path)(error.error),
    })?;
    sync_folder(folder)?;
    Ok(bytes)
}

/// Removes what a process that was killed in `replace` left beside `path`.
pub fn sweep(path: &Path) -> Result<(), FileError> {
    let folder = folder_of(path);
    let prefix = temporary_prefix(path);
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let entry = entry.map_err(failed("read", folder))?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// The names of what stands in a folder, sorted; a folder that is not there holds nothing.
pub fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", folder)(error)),
    };
    let name = |entry: std::io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        entries.map(name).collect::<std::io::Result<_>>().map_err(failed("read", folder))?;
    names.sort();
    Ok(names)
}

/// The start of the name of a temporary file, by which it is known to be ours.
fn temporary_prefix(path: &Path) -> String {
    format!(".{}.shipmark-", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes a file; one that is not there is removed already.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("remove", path)(error)),
    }
}

/// Whether the file may be run by someone, as git asks before it runs a hook.
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o111 != 0)
}

/// Gives a file another name in the same folder.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(failed("rename", from))?;
    sync_folder(folder_of(to))
}

/// Makes a folder, with those above it, that only its owner can enter; one that is there stays as it is.
pub fn create_private(folder: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("create", folder))
}

/// Makes what was written to a file durable.
pub fn sync_file(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|open| open.sync_all()).map_err(failed("sync", path))
}

/// Makes a rename or a removal in `folder` durable.
pub fn sync_folder(folder: &Path) -> Result<(), FileError> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(failed("sync", folder))
}

/// What stands at `path`, if anything; only a plain file with one name passes.
fn plain(path: &Path) -> Result<Option<Metadata>, FileError> {
    use std::os::unix::fs::MetadataExt;
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let kind = found.file_type();
    if kind.is_symlink() {
        return Err(not_plain(path, "a symbolic link"));
    }
    if !kind.is_file() {
        return Err(not_plain(path, "a directory or device"));
    }
    if found.nlink() > 1 {
        return Err(not_plain(path, "a hard link"));
    }
    Ok(Some(found))
}

fn not_plain(path: &Path, what: &'static str) -> FileError {
    FileError::NotPlain { path: path.to_owned(), what }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The mode of a new file before the umask takes its part.
fn usual_mode() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_replaced_file_keeps_its_mode_and_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run.sh");
        replace(&path, b"one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read_managed(&path).unwrap().unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_and_folders_are_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        let (target, link) = (root.path().join("target"), root.path().join("link"));
        replace(&target, b"kept").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let error = replace(&link, b"lost").unwrap_err().to_string();
        assert_eq!(error, format!("`{}` is a symbolic link, not a plain file", link.display()));
        assert!(read_managed(root.path()).is_err());
        assert_eq!(read(&target).unwrap().unwrap(), b"kept");
    }

    #[test]
    fn no_link_leads_out_of_a_folder() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        std::os::unix::fs::symlink("/etc", root.path().join("b")).unwrap();
        replace(&root.path().join("c"), b"").unwrap();
        assert_eq!(inside(root.path(), "a/x/y").unwrap(), root.path().join("a/x/y"));
        for (path, what) in [("b/passwd", "b` is a symbolic link"), ("c/d", "c` is a file")] {
            let error = inside(root.path(), path).unwrap_err().to_string();
            assert!(error.ends_with(&format!("{what}, not a folder")), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(read(&root.path().join("none")).unwrap(), None);
    }
}
