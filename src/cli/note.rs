//! `shipmark note`: corrects the message of a commit that others have already.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::json;

use super::{Context, lint};
use crate::domain::message::Message;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::git::corrections::NOTES;

/// Correct the message of a commit that is pushed already
///
/// The correction is a git note below `refs/notes/shipmark`; the commit stays as it is. Every command reads the note in
/// place of the message.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub(super) struct Note {
    /// The commit
    #[arg(value_name = "REV")]
    revision: String,
    /// The message as it should have been
    #[arg(short, long, group = "what")]
    message: Option<String>,
    /// The same from a file; `-` is stdin
    #[arg(long, value_name = "FILE", group = "what")]
    message_file: Option<PathBuf>,
    /// Let the commit count for nothing
    #[arg(long, group = "what")]
    ignore: bool,
    /// Take the correction back
    #[arg(long, group = "what")]
    remove: bool,
}

impl Note {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let oid = repo.resolve(&self.revision)?;
        let text = match (&self.message, &self.message_file) {
            (Some(message), _) => message.clone(),
            (None, Some(file)) => lint::read(file)?,
            (None, None) => String::new(),
        };
        let message = Message::parse_note(&text);
        if !self.ignore && !self.remove {
            let finding = lint::judge(None, &message, &config);
            if lint::report(context, &[finding]) {
                return Ok(Exit::CheckFailed.into());
            }
        }
        let _lock = repo.lock()?;
        let (identity, seconds) = (repo.identity()?, context.world.release_time()?.as_second());
        let before = repo.one(&oid)?.message.header;
        if !self.remove {
            repo.set_note(&oid, &text, &identity, seconds)?;
        } else if !repo.remove_note(&oid, &identity, seconds)? {
            let message = format!("{} has no correction", text::short(&oid));
            return Err(
                Error::new(Exit::Repository, message).hint("see them with `git notes --ref shipmark list`")
            );
        }
        let now = repo.one(&oid)?;
        if context.ui.json {
            let after = (!self.ignore).then_some(&now.message.header);
            context.ui.document(&json!({ "commit": oid, "before": before, "after": after }))?;
        } else {
            let after = if self.ignore { "(ignored)".to_owned() } else { text::line(&now.message.header) };
            let short = text::short(&oid);
            context.ui.answer(&format!("{short}  {}\n{:<7}  {after}", text::line(&before), "->"))?;
        }
        if repo.remote_url(&config.remote).is_some() {
            context.ui.note(&format!("share it with `git push {} {NOTES}`", config.remote));
        }
        Ok(Exit::Done.into())
    }
}
