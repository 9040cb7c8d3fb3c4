//! The right to send to one registry: the only way in which a report leaves the queue of the outbox.

use std::fs::File;
use std::io::{ErrorKind, Write};

use super::outbox::{Outbox, OutboxError, failed};
use super::parcel::{Letter, Name, in_order_of_runs, same_target};

/// The right to send to one registry, for as long as this lives.
#[derive(Debug)]
pub struct Sending<'a> {
    pub(super) outbox: &'a Outbox,
    /// What stands for the registry in names of files.
    pub(super) tag: String,
    pub(super) _lock: File,
}

impl Sending<'_> {
    /// The files of this registry, and those that belong to none.
    pub(super) fn own(&self, names: Vec<String>) -> impl Iterator<Item = String> {
        names.into_iter().filter(|file| Name::parse(file).is_none_or(|name| name.registry == self.tag))
    }

    /// What waits, by target, each oldest first. Damaged files are put away.
    pub fn queues(&self) -> Result<Vec<Vec<Letter>>, OutboxError> {
        let mut queues: Vec<Vec<Letter>> = Vec::new();
        for file in self.own(self.outbox.names("new")?) {
            match self.outbox.read("new", &file) {
                Ok(letter) => {
                    let of =
                        |queue: &&mut Vec<Letter>| queue.first().is_some_and(|l| same_target(l, &letter));
                    match queues.iter_mut().find(of) {
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

    /// Takes a letter out of the queue for as long as it is on its way; `false` if the user dropped it. A power
    /// cut may take that back, and the next holder of the lock would.
    pub fn lease(&self, letter: &Letter) -> Result<bool, OutboxError> {
        match self.outbox.rename_softly("new", "cur", &letter.file) {
            Ok(()) => Ok(true),
            Err(OutboxError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The registry has it. A power cut may bring the letter back, and then it is sent once more, without a second
    /// effect.
    pub fn delivered(&self, letter: &Letter) -> Result<(), OutboxError> {
        self.outbox.remove_softly("cur", &letter.file)
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
