//! What git would really run, since hooks fail most often by never being called.

use serde::Serialize;

use super::{is_ours, legacy};
use crate::cli::Context;
use crate::cli::hook::Name;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;
use crate::ui::Tone;

#[derive(Serialize)]
struct Line {
    hook: &'static str,
    path: String,
    /// `ours`, `missing`, `foreign`, `outdated` or `not executable`.
    state: &'static str,
    legacy: bool,
}

pub(super) fn status(context: &Context, repo: &Repo) -> Result<Status, Error> {
    let hooks = repo.hooks_dir()?;
    let mut lines = Vec::new();
    for (name, script) in Name::SCRIPTS {
        let path = hooks.path.join(name.as_str());
        let script = super::install::filled(context, script)?;
        let state = match files::read(&path)? {
            None => "missing",
            Some(found) if !is_ours(&found) => "foreign",
            Some(_) if !files::is_executable(&path) => "not executable",
            Some(found) if found != script.as_bytes() => "outdated",
            Some(_) => "ours",
        };
        let legacy = files::read(&legacy(&path))?.is_some();
        lines.push(Line { hook: name.as_str(), path: path.display().to_string(), state, legacy });
    }
    let sound = lines.iter().all(|line| line.state == "ours");
    if context.ui.json {
        context
            .ui
            .document(&serde_json::json!({ "sound": sound, "hooks_path": hooks.setting, "hooks": lines }))?;
    } else {
        for line in &lines {
            let tone = if line.state == "ours" { Tone::Good } else { Tone::Bad };
            let state = context.ui.out(tone, &format!("{:<14}", line.state));
            let legacy = if line.legacy { "  (runs its .legacy first)" } else { "" };
            context.ui.answer(&format!("{:<18} {state} {}{legacy}", line.hook, line.path))?;
        }
        if !sound {
            context.ui.note("mend it with `shipmark hooks install`");
        }
    }
    Ok(if sound { Exit::Done } else { Exit::CheckFailed }.into())
}
