//! `shipmark lint`: the rules of Conventional Commits, for one message or a range of commits.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Context;
use crate::config::Config;
use crate::domain::lint::{self, Severity, Violation};
use crate::domain::message::Message;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;
use crate::ui::Tone;

/// Check commit messages
#[derive(Args)]
pub(super) struct Lint {
    /// The commits: `A..B`, or everything since A; default: since the last release
    range: Option<String>,
    /// One message in a file; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "range")]
    message_file: Option<PathBuf>,
}

/// What is wrong with one message.
#[derive(Serialize)]
pub(super) struct Finding {
    /// The commit; `None` for a message that is none yet.
    pub(super) oid: Option<String>,
    pub(super) header: String,
    pub(super) violations: Vec<Violation>,
}

impl Finding {
    pub(super) fn refused(&self) -> bool {
        lint::refuses(&self.violations)
    }
}

impl Lint {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let (findings, checked) = match &self.message_file {
            Some(file) => {
                // A message can be judged anywhere; a repository only adds its configuration.
                let repo = context.repo().ok();
                let config = context.config(repo.as_ref())?;
                (vec![judge(None, &Message::parse(&read(file)?), &config)], 1)
            }
            None => self.range(context)?,
        };
        let refused = findings.iter().filter(|finding| finding.refused()).count();
        if context.ui.json {
            let broken: Vec<&Finding> =
                findings.iter().filter(|finding| !finding.violations.is_empty()).collect();
            context.ui.document(&serde_json::json!({
                "checked": checked, "refused": refused, "findings": broken,
            }))?;
        } else {
            report(context, &findings);
            context.ui.note(&format!("{checked} checked, {refused} refused"));
        }
        Ok(if refused > 0 { Exit::CheckFailed } else { Exit::Done }.into())
    }

    fn range(&self, context: &Context) -> Result<(Vec<Finding>, usize), Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let commits = match &self.range {
            None => repo.history(&config.tag_format)?.window,
            Some(range) => {
                let since = if range.contains("..") { range.clone() } else { format!("{range}..HEAD") };
                let (from, to) = self::range(&since)?;
                repo.commits(&repo.resolve(to)?, Some(&repo.resolve(from)?))?
            }
        };
        let findings = commits.iter().filter(|commit| !commit.is_merge());
        let findings = findings.map(|commit| judge(Some(&commit.oid), &commit.message, &config)).collect();
        Ok((findings, commits.len()))
    }
}

/// Both ends of `A..B`; B is HEAD where nothing stands there.
pub(super) fn range(text: &str) -> Result<(&str, &str), Error> {
    let ends = text
        .split_once("..")
        .filter(|(from, to)| !from.is_empty() && !to.starts_with('.') && !to.contains(".."));
    let (from, to) = ends.ok_or_else(|| {
        Error::new(Exit::Usage, format!("`{}` is no range", text::line(text)))
            .hint("write it as `A..B`, such as `v1.0.0..HEAD`")
    })?;
    Ok((from, if to.is_empty() { "HEAD" } else { to }))
}

/// Lints every commit of `to` that `from` lacks; used by the hooks too.
pub(super) fn judge_range(
    repo: &Repo,
    config: &Config,
    to: &str,
    without: &[String],
) -> Result<Vec<Finding>, Error> {
    let commits = repo.commits_without(to, without.iter().map(String::as_str))?;
    let plain = commits.iter().filter(|commit| !commit.is_merge());
    Ok(plain.map(|commit| judge(Some(&commit.oid), &commit.message, config)).collect())
}

/// Lints one message.
pub(super) fn judge(oid: Option<&str>, message: &Message, config: &Config) -> Finding {
    Finding {
        oid: oid.map(str::to_owned),
        header: message.header.clone(),
        violations: lint::lint(message, config.known_types()),
    }
}

/// Prints each violation with its mend, on stderr; returns whether any message must be refused.
pub(super) fn report(context: &Context, findings: &[Finding]) -> bool {
    let ui = &context.ui;
    for finding in findings.iter().filter(|finding| !finding.violations.is_empty()) {
        let oid = finding.oid.as_deref().map_or_else(String::new, |oid| format!("{}  ", text::short(oid)));
        let header = if finding.header.is_empty() { "(empty)" } else { &finding.header };
        ui.urge(&format!("{oid}{}", text::line(header)));
        for violation in &finding.violations {
            let label = match violation.severity {
                Severity::Error => ui.err(Tone::Bad, "  error  "),
                Severity::Warning => ui.err(Tone::Caution, "  warning"),
            };
            ui.urge(&format!("{label} {}: {}", violation.rule, text::line(&violation.problem)));
            if let Some(example) = &violation.example {
                ui.urge(&format!("  {}     {}", ui.err(Tone::Good, "write"), text::line(example)));
            }
        }
    }
    findings.iter().any(Finding::refused)
}

pub(super) fn read(file: &std::path::Path) -> Result<String, Error> {
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        bytes
    } else {
        files::read(file)?.ok_or_else(|| {
            Error::new(Exit::Io, format!("`{}` is not there", file.display()))
                .hint("name a file, or `-` for stdin")
        })?
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_dots_and_a_beginning() {
        assert_eq!(range("v1.0.0..").unwrap(), ("v1.0.0", "HEAD"));
        assert_eq!(range("a..b").unwrap(), ("a", "b"));
        for text in ["a...b", "..HEAD", "..", "a..b..c", "a", ""] {
            let error = range(text).unwrap_err();
            assert_eq!((error.exit, error.message), (Exit::Usage, format!("`{text}` is no range")));
            assert_eq!(error.hints, ["write it as `A..B`, such as `v1.0.0..HEAD`"]);
        }
    }
}
