//! Asks a person before something is done that others will notice.

use std::io::{BufRead, IsTerminal};

use super::Context;
use crate::error::{Error, Exit};

/// Why it is done: given with `--yes` and `--reason`, else asked for on a terminal, where the name of the
/// environment must be typed too.
pub(super) fn reason(
    context: &Context,
    environment: &str,
    yes: bool,
    given: Option<&str>,
) -> Result<String, Error> {
    let given = given.map(str::trim).filter(|reason| !reason.is_empty());
    if let (true, Some(reason)) = (yes, given) {
        return Ok(plain(reason));
    }
    if yes || context.global.no_input || !std::io::stdin().is_terminal() {
        return Err(Error::new(
            Exit::Usage,
            "nobody can be asked, so `--yes` and `--reason TEXT` are both needed",
        )
        .hint("see the plan first with `--dry-run`"));
    }
    let reason = match given {
        Some(reason) => reason.to_owned(),
        None => ask(context, "Reason:")?,
    };
    if reason.is_empty() {
        return Err(Error::new(Exit::Usage, "a reason is needed").hint("give it with `--reason TEXT`"));
    }
    if ask(context, &format!("Type \"{environment}\" to go on:"))? == environment {
        return Ok(plain(&reason));
    }
    Err(Error::new(Exit::CheckFailed, "that was another name; nothing was done"))
}

/// A registry takes no control characters.
pub(super) fn plain(reason: &str) -> String {
    reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

fn ask(context: &Context, question: &str) -> Result<String, Error> {
    context.ui.urge(question);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
