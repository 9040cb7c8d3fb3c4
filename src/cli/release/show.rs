//! What a release came to, for a person.

use super::Outcome;
use crate::cli::Context;
use crate::config::Config;
use crate::domain::text;
use crate::error::Error;
use crate::ui::Tone;

/// The new version on stdout, the rest on stderr.
pub(in crate::cli) fn show(context: &Context, outcome: &Outcome, config: &Config) -> Result<(), Error> {
    let ui = &context.ui;
    let decision = &outcome.decision;
    for tag in &outcome.earlier {
        ui.note(&format!(
            "pushed  {}, which was released here before, to {}",
            text::line(tag),
            config.remote
        ));
    }
    let Some(plan) = &outcome.plan else {
        ui.note(&format!("nothing to release: {}", decision.reason));
        return Ok(ui.answer(&decision.current.to_string())?);
    };
    let from = decision.base.as_ref().map_or_else(|| "none".to_owned(), |base| base.version.to_string());
    let headline = format!("{from} -> {}", ui.out(Tone::Strong, &decision.next.to_string()));
    ui.note(&format!("{}  {}", if outcome.dry_run { "would release" } else { "released" }, decision.reason));
    let files: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    if !files.is_empty() {
        ui.note(&format!("files   {}", files.join(", ")));
    }
    if let Some(commit) = outcome.commit.as_ref().filter(|_| !files.is_empty()) {
        let subject = plan.commit_message.lines().next().unwrap_or_default();
        ui.note(&format!("commit  {}  {}", text::short(commit), text::line(subject)));
    }
    ui.note(&format!("tag     {}", decision.tag));
    if outcome.pushed {
        ui.note(&format!("pushed  {} and {} to {}", plan.branch_ref, plan.tag_ref, config.remote));
    } else if !outcome.dry_run && outcome.has_remote {
        ui.note(&format!(
            "push it with `git push --atomic {} HEAD:{} {}`",
            config.remote, plan.branch_ref, plan.tag_ref
        ));
    }
    ui.answer(&headline)?;
    if outcome.dry_run {
        ui.answer(&format!("\n{}", outcome.notes))?;
    }
    Ok(())
}
