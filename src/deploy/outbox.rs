//! The durable spool of reports. A report is a file: written aside, made durable, then renamed into `new`; who
//! sends it renames it to `cur`, and what a dead sender left in `cur` goes back. Nothing leaves the spool but
//! by an answer of its registry or by the user's word; what cannot be sent lies in `dead` with the reason.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::delivery::{digest, report_key};
use crate::domain::deployment::Report;
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

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> OutboxError + use<'a> {
    move |source| OutboxError::Io { action, path: path.to_owned(), source }
}

/// A report with what is needed to deliver it. It never holds a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// The registry that the report was meant for, whatever is configured by now.
    pub registry: String,
    pub report: Report,
    /// How often its delivery was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be tried before this time, in milliseconds since 1970 UTC.
    #[serde(default)]
    pub next_at: i64,
    /// Whether the registry asked for that wait; else it is our own backoff.
    #[serde(default)]
    pub asked: bool,
    /// What came of the last try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

impl Parcel {
    /// A parcel that nobody has tried to deliver.
    pub fn new(registry: &str, report: Report) -> Self {
        Self { registry: registry.to_owned(), report, attempts: 0, next_at: 0, asked: false, last: None }
    }
}

/// A parcel in the spool.
#[derive(Debug, Clone)]
pub struct Letter {
    file: String,
    /// Short and stable, for a person to type.
    pub id: String,
    pub parcel: Parcel,
}

/// A report that will not be sent, and why. Its content is unknown if the file is damaged.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub id: String,
    pub parcel: Option<Parcel>,
    pub reason: String,
}

/// The spool in a folder, which need not exist before the first report.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

/// The parts of a file's name, `AT-SEQ-ID.REGISTRY.json`: names sort by time, and the registry can be told
/// from the name of a file whose content is damaged.
struct Name<'a> {
    id: &'a str,
    registry: &'a str,
}

impl<'a> Name<'a> {
    fn parse(file: &'a str) -> Option<Self> {
        let (front, registry) = file.strip_suffix(".json")?.rsplit_once('.')?;
        let (_, id) = front.rsplit_once('-')?;
        Some(Self { id, registry })
    }

    fn of(parcel: &Parcel) -> String {
        let report = &parcel.report;
        let key = report_key(report);
        let id = key.get(..12).unwrap_or(&key);
        format!("{:013}-{:03}-{id}.{}.json", report.at.max(0), report.seq.max(0), tag_of(&parcel.registry))
    }
}

/// What stands for a registry in names of files.
fn tag_of(registry: &str) -> String {
    digest(&[registry]).chars().take(8).collect()
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

    fn part(&self, part: &str) -> PathBuf {
        self.folder.join(part)
    }

    /// Takes a report; once this returns, it survives a power cut. Returns the id.
    pub fn put(&self, parcel: &Parcel) -> Result<String, OutboxError> {
        self.make_folders()?;
        let name = Name::of(parcel);
        self.write(parcel, &name)?;
        Ok(Name::parse(&name).map(|name| name.id.to_owned()).unwrap_or_default())
    }

    fn write(&self, parcel: &Parcel, name: &str) -> Result<(), OutboxError> {
        let (aside, folder) = (self.part("tmp"), self.part("new"));
        let path = folder.join(name);
        let text = serde_json::to_vec_pretty(parcel)
            .map_err(|error| failed("write", &path)(std::io::Error::other(error)))?;
        // Temporary files of this crate are readable by their owner alone.
        let mut file = tempfile::NamedTempFile::new_in(&aside).map_err(failed("write in", &aside))?;
        file.write_all(&text).map_err(failed("write", &path))?;
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
    fn names(&self, part: &str) -> Result<Vec<String>, OutboxError> {
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

    /// What waits to be sent, oldest first; a damaged file is left for the next sender to put away.
    pub fn waiting(&self) -> Result<Vec<Letter>, OutboxError> {
        let mut letters = Vec::new();
        for part in ["cur", "new"] {
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

    /// What will not be sent, oldest first.
    pub fn dead(&self) -> Result<Vec<DeadLetter>, OutboxError> {
        let mut letters = Vec::new();
        for file in self.names("dead")?.into_iter().filter(|name| !name.ends_with(".reason")) {
            let reason = fs::read_to_string(self.reason_of(&file)).unwrap_or_default();
            let id = Name::parse(&file).map_or(file.as_str(), |name| name.id).to_owned();
            letters.push(DeadLetter { id, parcel: self.read("dead", &file).ok().map(|l| l.parcel), reason });
        }
        Ok(letters)
    }

    fn reason_of(&self, file: &str) -> PathBuf {
        self.part("dead").join(format!("{file}.reason"))
    }

    /// Reads one file; the error is the reason for which it cannot be sent.
    fn read(&self, part: &str, file: &str) -> Result<Letter, String> {
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

    fn remove(&self, part: &str, file: &str) -> Result<(), OutboxError> {
        let path = self.part(part).join(file);
        fs::remove_file(&path).map_err(failed("remove", &path))?;
        Ok(files::sync_folder(&self.part(part))?)
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

    fn rename(&self, from: &str, to: &str, file: &str) -> Result<(), OutboxError> {
        let (old, new) = (self.part(from).join(file), self.part(to).join(file));
        fs::rename(&old, &new).map_err(failed("move", &old))?;
        files::sync_folder(&self.part(to))?;
        Ok(files::sync_folder(&self.part(from))?)
    }
}

/// The right to send to one registry, for as long as this lives.
#[derive(Debug)]
pub struct Sending<'a> {
    outbox: &'a Outbox,
    tag: String,
    _lock: File,
}

impl Sending<'_> {
    /// The files of this registry, and those that belong to none.
    fn own(&self, names: Vec<String>) -> impl Iterator<Item = String> {
        names.into_iter().filter(|file| Name::parse(file).is_none_or(|name| name.registry == self.tag))
    }

    /// What waits, by target, each oldest first. Damaged files are put away.
    pub fn queues(&self) -> Result<Vec<Vec<Letter>>, OutboxError> {
        let mut queues: Vec<Vec<Letter>> = Vec::new();
        for file in self.own(self.outbox.names("new")?) {
            match self.outbox.read("new", &file) {
                Ok(letter) => {
                    match queues.iter_mut().find(|queue| queue.iter().any(|l| same_target(l, &letter))) {
                        Some(queue) => queue.push(letter),
                        None => queues.push(vec![letter]),
                    }
                }
                Err(reason) => self.bury("new", &file, &reason)?,
            }
        }
        for queue in &mut queues {
            in_order_of_runs(queue);
        }
        Ok(queues)
    }

    /// Takes a letter out of the queue for as long as it is on its way; `false` if the user dropped it.
    pub fn lease(&self, letter: &Letter) -> Result<bool, OutboxError> {
        match self.outbox.rename("new", "cur", &letter.file) {
            Ok(()) => Ok(true),
            Err(OutboxError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The registry has it.
    pub fn delivered(&self, letter: &Letter) -> Result<(), OutboxError> {
        self.outbox.remove("cur", &letter.file)
    }

    /// The registry will never take it.
    pub fn refused(&self, letter: &Letter, reason: &str) -> Result<(), OutboxError> {
        self.bury("cur", &letter.file, reason)
    }

    /// Back into the queue, with what came of this try.
    pub fn keep(&self, letter: &Letter) -> Result<(), OutboxError> {
        self.outbox.write(&letter.parcel, &letter.file)?;
        self.outbox.remove("cur", &letter.file)
    }

    /// The reason is written first: a file without a reason could not be explained, the opposite does no harm.
    fn bury(&self, part: &str, file: &str, reason: &str) -> Result<(), OutboxError> {
        let mut aside = tempfile::NamedTempFile::new_in(self.outbox.part("tmp"))
            .map_err(failed("write in", &self.outbox.folder))?;
        let path = self.outbox.reason_of(file);
        aside.write_all(reason.as_bytes()).map_err(failed("write", &path))?;
        aside.as_file().sync_all().map_err(failed("write", &path))?;
        aside.persist(&path).map_err(|error| failed("write", &path)(error.error))?;
        self.outbox.rename(part, "dead", file)
    }
}

fn same_target(a: &Letter, b: &Letter) -> bool {
    let target = |l: &Letter| {
        (
            l.parcel.report.workload.clone(),
            l.parcel.report.platform.clone(),
            l.parcel.report.environment.clone(),
        )
    };
    target(a) == target(b)
}

/// The steps of one run stay in their order and together, also if the clock was set back between them.
fn in_order_of_runs(queue: &mut [Letter]) {
    let mut first_seen = BTreeMap::new();
    for (place, letter) in queue.iter().enumerate() {
        first_seen.entry(letter.parcel.report.run_key.clone()).or_insert(place);
    }
    queue.sort_by_key(|letter| {
        let report = &letter.parcel.report;
        (first_seen.get(&report.run_key).copied(), report.seq)
    });
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
        };
        Parcel::new(REGISTRY, report)
    }

    fn outbox() -> (tempfile::TempDir, Outbox) {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::below(&folder.path().join("shipmark"));
        (folder, outbox)
    }

    fn steps(queue: &[Letter]) -> Vec<(String, i64)> {
        queue.iter().map(|l| (l.parcel.report.run_key.clone(), l.parcel.report.seq)).collect()
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
