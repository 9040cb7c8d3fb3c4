//! The durable spool of reports. A report is a file: written aside, made durable, then renamed into `new`; who
//! sends it renames it to `cur`, and what a dead sender left in `cur` goes back. Nothing leaves the spool but
//! by an answer of its registry or by the user's word; what cannot be sent lies in `dead` with the reason.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::parcel::{DeadLetter, Letter, Name, Parcel, tag_of};
use super::sending::Sending;
use crate::files::{self, FileError};

/// Above either of these the spool is full: a report is still taken, a release is refused.
const MOST_FILES: usize = 10_000;
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("cannot {action} `{}`", .path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("no report in the outbox has an id that begins with `{0}`")]
    NoSuchReport(String),
    #[error("several reports in the outbox have an id that begins with `{0}`")]
    Ambiguous(String),
    #[error("the report `{0}` is being sent at this moment")]
    Leased(String),
}

pub(super) fn failed<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(std::io::Error) -> OutboxError + use<'a> {
    move |source| OutboxError::Io { action, path: path.to_owned(), source }
}

/// The spool in a folder, which need not exist before the first report.
#[derive(Debug, Clone)]
pub struct Outbox {
    pub(super) folder: PathBuf,
}

impl Outbox {
    /// The spool below the private state of a repository, or of the user outside of one.
    pub fn below(private: &Path) -> Self {
        Self { folder: private.join("outbox") }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn part(&self, part: &str) -> PathBuf {
        self.folder.join(part)
    }

    /// Takes a report; once this returns, it survives a power cut. Returns the id.
    pub fn put(&self, parcel: &Parcel) -> Result<String, OutboxError> {
        self.make_folders()?;
        let name = Name::of(parcel);
        self.write(parcel, &name)?;
        Ok(Name::parse(&name).map(|name| name.id.to_owned()).unwrap_or_default())
    }

    pub(super) fn write(&self, parcel: &Parcel, name: &str) -> Result<(), OutboxError> {
        let (aside, folder) = (self.part("tmp"), self.part("new"));
        let path = folder.join(name);
        let text = serde_json::to_vec_pretty(parcel)
            .map_err(|error| failed("write", &path)(std::io::Error::other(error)))?;
        // Temporary files of this crate are readable by their owner alone.
        let mut file = tempfile::NamedTempFile::new_in(&aside).map_err(failed("write in", &aside))?;
        file.write_all(&text).map_err(failed("write", &path))?;
        if cfg!(feature = "weak") {
            file.persist(&path).map_err(|error| failed("write", &path)(error.error))?;
            return Ok(());
        }
        file.as_file().sync_all().map_err(failed("write", &path))?;
        file.persist(&path).map_err(|error| failed("write", &path)(error.error))?;
        Ok(files::sync_folder(&folder)?)
    }

    fn make_folders(&self) -> Result<(), OutboxError> {
        for part in ["tmp", "new", "cur", "dead"] {
            let folder = self.part(part);
            if !folder.is_dir() {
                files::create_private(&folder)?;
                files::sync_folder(&self.folder)?;
            }
        }
        Ok(())
    }

    /// The names in one part, in order of time.
    pub(super) fn names(&self, part: &str) -> Result<Vec<String>, OutboxError> {
        let folder = self.part(part);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &folder)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("read", &folder))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Whether so much lies here that a release should not add to it.
    pub fn is_full(&self) -> Result<bool, OutboxError> {
        let (mut files, mut bytes) = (0, 0);
        for part in ["new", "cur", "dead"] {
            for name in self.names(part)? {
                files += 1;
                // A file that another sender has just delivered takes no room.
                bytes += fs::metadata(self.part(part).join(name)).map_or(0, |found| found.len());
            }
        }
        Ok(files >= MOST_FILES || bytes >= MOST_BYTES)
    }

    /// What waits to be sent, oldest first.
    pub fn waiting(&self) -> Result<Vec<Letter>, OutboxError> {
        let mut letters = Vec::new();
        // A sender moves letters in both directions meanwhile; in this order none can be missed.
        for part in ["new", "cur", "new"] {
            for file in self.names(part)? {
                if let Ok(letter) = self.read(part, &file) {
                    letters.push(letter);
                }
            }
        }
        letters.sort_by(|a, b| a.file.cmp(&b.file));
        letters.dedup_by(|a, b| a.file == b.file);
        Ok(letters)
    }

    /// What will not be sent, oldest first; then the damaged files that no sender has put away so far.
    pub fn dead(&self) -> Result<Vec<DeadLetter>, OutboxError> {
        let mut letters = Vec::new();
        for file in self.names("dead")?.into_iter().filter(|name| !name.ends_with(".reason")) {
            let reason = fs::read_to_string(self.reason_of(&file)).unwrap_or_default();
            let id = Name::parse(&file).map_or(file.as_str(), |name| name.id).to_owned();
            letters.push(DeadLetter { id, parcel: self.read("dead", &file).ok().map(|l| l.parcel), reason });
        }
        for file in self.names("new")? {
            let Err(reason) = self.read("new", &file) else { continue };
            // One that a sender has taken in this moment is not damaged.
            if self.part("new").join(&file).exists() {
                let id = Name::parse(&file).map_or(file.as_str(), |name| name.id).to_owned();
                letters.push(DeadLetter { id, parcel: None, reason });
            }
        }
        Ok(letters)
    }

    pub(super) fn reason_of(&self, file: &str) -> PathBuf {
        self.part("dead").join(format!("{file}.reason"))
    }

    /// Reads one file; the error is the reason for which it cannot be sent.
    pub(super) fn read(&self, part: &str, file: &str) -> Result<Letter, String> {
        let name = Name::parse(file).ok_or("its name is not one of the outbox")?;
        let bytes = files::read_managed(&self.part(part).join(file)).map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or("it is gone")?;
        let parcel: Parcel =
            serde_json::from_slice(&bytes).map_err(|error| format!("it is damaged: {error}"))?;
        if tag_of(&parcel.registry) != name.registry {
            return Err("it is damaged: its name belongs to another registry".to_owned());
        }
        Ok(Letter { file: file.to_owned(), id: name.id.to_owned(), parcel })
    }

    /// Removes one report, waiting or dead, by the beginning of its id; returns the whole id.
    pub fn drop(&self, id: &str) -> Result<String, OutboxError> {
        let mut found = BTreeMap::new();
        for part in ["dead", "new", "cur"] {
            for file in self.names(part)?.into_iter().filter(|name| !name.ends_with(".reason")) {
                let own = Name::parse(&file).map_or(file.as_str(), |name| name.id).to_owned();
                if own.starts_with(id) {
                    found.insert(own, (part, file));
                }
            }
        }
        match found.len() {
            0 => return Err(OutboxError::NoSuchReport(id.to_owned())),
            1 => {}
            _ => return Err(OutboxError::Ambiguous(id.to_owned())),
        }
        let Some((id, (part, file))) = found.pop_first() else {
            return Err(OutboxError::NoSuchReport(id.to_owned()));
        };
        if part == "cur" {
            return Err(OutboxError::Leased(id));
        }
        self.remove(part, &file)?;
        if part == "dead" {
            // A damaged file may have come without a reason; nothing is left to explain.
            let _ = fs::remove_file(self.reason_of(&file));
        }
        Ok(id)
    }

    pub(super) fn remove(&self, part: &str, file: &str) -> Result<(), OutboxError> {
        self.remove_softly(part, file)?;
        Ok(files::sync_folder(&self.part(part))?)
    }

    /// The same, but a power cut may bring the file back.
    pub(super) fn remove_softly(&self, part: &str, file: &str) -> Result<(), OutboxError> {
        let path = self.part(part).join(file);
        fs::remove_file(&path).map_err(failed("remove", &path))
    }

    /// The right to send to one registry, unless another process has it. The kernel takes it back when its
    /// holder dies; what that one had leased goes back to the queue here.
    pub fn lock(&self, registry: &str) -> Result<Option<Sending<'_>>, OutboxError> {
        self.make_folders()?;
        let tag = tag_of(registry);
        let path = self.folder.join(format!("lock-{tag}"));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
        let sending = Sending { outbox: self, tag, _lock: file };
        for file in sending.own(self.names("cur")?) {
            self.rename("cur", "new", &file)?;
        }
        Ok(Some(sending))
    }

    pub(super) fn rename(&self, from: &str, to: &str, file: &str) -> Result<(), OutboxError> {
        self.rename_softly(from, to, file)?;
        files::sync_folder(&self.part(to))?;
        Ok(files::sync_folder(&self.part(from))?)
    }

    /// The same, but a power cut may take it back.
    pub(super) fn rename_softly(&self, from: &str, to: &str, file: &str) -> Result<(), OutboxError> {
        let (old, new) = (self.part(from).join(file), self.part(to).join(file));
        fs::rename(&old, &new).map_err(failed("move", &old))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::deployment::Report;
    use crate::domain::fact::Fact;

    const REGISTRY: &str = "https://r.example/";

    fn parcel(environment: &str, run: &str, seq: i64, at: i64) -> Parcel {
        let text = |text: &str| text.to_owned();
        let report = Report {
            app: text("helpdesk"),
            workload: text("helpdesk"),
            platform: text(environment),
            environment: text(environment),
            version: text("1.0.0"),
            status: text("running"),
            run_key: text(run),
            seq,
            at,
            sha: None,
            r#ref: None,
            dirty: None,
            actor: None,
            run_url: None,
            changelog_url: None,
            duration: None,
            kind: None,
            reason: None,
            rollback_of: None,
            group_id: None,
            digest: None,
            log_tail: Vec::new(),
            commits: Vec::new(),
            commits_since: None,
            commits_truncated: false,
        };
        Parcel::new(REGISTRY, Fact::Deployment(Box::new(report)))
    }

    fn outbox() -> (tempfile::TempDir, Outbox) {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::below(&folder.path().join("shipmark"));
        (folder, outbox)
    }

    fn steps(queue: &[Letter]) -> Vec<(String, i64)> {
        queue.iter().map(|l| (l.parcel.report.run().to_owned(), l.parcel.report.seq())).collect()
    }

    #[test]
    fn a_report_put_twice_is_there_once_and_private() {
        let (_folder, outbox) = outbox();
        let id = outbox.put(&parcel("dev", "a", 1, 5)).unwrap();
        assert_eq!(outbox.put(&parcel("dev", "a", 1, 5)).unwrap(), id);
        let waiting = outbox.waiting().unwrap();
        assert_eq!((waiting.len(), waiting[0].id.as_str(), id.len()), (1, id.as_str(), 12));
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(outbox.part("new").join(&waiting[0].file)), 0o600);
        assert_eq!(mode(outbox.part("new")), 0o700);
        assert!(outbox.names("tmp").unwrap().is_empty());
        assert!(!outbox.is_full().unwrap());
    }

    #[test]
    fn steps_of_a_run_keep_their_order_when_the_clock_is_set_back() {
        let (_folder, outbox) = outbox();
        for (run, seq, at) in [("a", 1, 100), ("a", 2, 10), ("b", 1, 120), ("a", 3, 130)] {
            outbox.put(&parcel("dev", run, seq, at)).unwrap();
        }
        outbox.put(&parcel("staging", "c", 1, 1)).unwrap();
        let sending = outbox.lock(REGISTRY).unwrap().unwrap();
        let queues = sending.queues().unwrap();
        assert_eq!(queues.len(), 2);
        let wanted = [("a", 1), ("a", 2), ("a", 3), ("b", 1)].map(|(run, seq)| (run.to_owned(), seq));
        assert_eq!(steps(&queues[1]), wanted);
    }

    #[test]
    fn one_process_sends_and_the_next_finds_what_it_left() {
        let (_folder, outbox) = outbox();
        outbox.put(&parcel("dev", "a", 1, 1)).unwrap();
        let first = outbox.lock(REGISTRY).unwrap().unwrap();
        assert!(outbox.lock(REGISTRY).unwrap().is_none());
        assert!(outbox.lock("https://other.example/").unwrap().is_some());
        let letter = first.queues().unwrap().remove(0).remove(0);
        assert!(first.lease(&letter).unwrap());
        assert!(matches!(outbox.drop(&letter.id), Err(OutboxError::Leased(_))));
        drop(first);
        let second = outbox.lock(REGISTRY).unwrap().unwrap();
        assert_eq!(second.queues().unwrap().len(), 1);
        assert!(outbox.names("cur").unwrap().is_empty());
    }

    #[test]
    fn a_dropped_report_is_not_leased() {
        let (_folder, outbox) = outbox();
        outbox.put(&parcel("dev", "a", 1, 1)).unwrap();
        let sending = outbox.lock(REGISTRY).unwrap().unwrap();
        let letter = sending.queues().unwrap().remove(0).remove(0);
        outbox.drop(&letter.id).unwrap();
        assert!(!sending.lease(&letter).unwrap());
        assert!(matches!(outbox.drop(""), Err(OutboxError::NoSuchReport(_))));
    }

    #[test]
    fn a_report_of_another_registry_under_a_foreign_name_is_put_away() {
        let (_folder, outbox) = outbox();
        outbox.put(&parcel("dev", "a", 1, 1)).unwrap();
        let file = outbox.names("new").unwrap().remove(0);
        let path = outbox.part("new").join(&file);
        let text = fs::read_to_string(&path).unwrap().replace("r.example", "evil.example");
        files::replace(&path, text.as_bytes()).unwrap();
        let sending = outbox.lock(REGISTRY).unwrap().unwrap();
        assert!(sending.queues().unwrap().is_empty());
        let dead = outbox.dead().unwrap();
        assert_eq!(dead[0].reason, "it is damaged: its name belongs to another registry");
    }
}
