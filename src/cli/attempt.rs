//! One attempt to put a version somewhere: the command runs, the program is asked, and both ends are recorded.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::brought::Before;
use super::checked::Checked;
use super::gate::Gate;
use super::reporting::warn_of;
use super::{Context, brought};
use crate::deploy::run::Run;
use crate::deploy::subject::{Source, Target};
use crate::deploy::variables::{self, Variables};
use crate::deploy::{Fate, PATIENCE, Recorder, secret};
use crate::domain::deployment::{Kind, LOG_LINE, Report, State};
use crate::domain::dotenv::word as quoted;
use crate::domain::smoke::Smoke;
use crate::domain::way::Way;
use crate::domain::{span, text};
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::process::{Ended, Invocation, Watch};
use crate::ui;

/// How long a running registry is asked for what the environment had before.
const PREVIOUS: Duration = Duration::from_secs(1);

/// One deployment on its way.
pub(super) struct Attempt<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) recorder: Recorder<'a>,
    pub(super) target: Target,
    pub(super) source: Source,
    /// How it is found out what runs there.
    pub(super) way: Option<Way>,
    /// What is tried once the program is there.
    pub(super) smokes: Vec<Smoke>,
    /// Where the command runs.
    pub(super) folder: PathBuf,
    /// What kind of deployment it is, where it is not an ordinary one, and why.
    pub(super) kind: Option<Kind>,
    /// The deployment that it takes back.
    pub(super) rollback_of: Option<i64>,
    pub(super) reason: Option<String>,
    /// Where the record is written to, beside the registry.
    pub(super) result: Option<PathBuf>,
    /// How many of the last lines that the command writes are recorded; with none it writes as without us.
    pub(super) log_tail: usize,
}

/// How the command ended, and what came of it.
struct End {
    ended: Ended,
    /// Milliseconds.
    duration: i64,
    checked: Checked,
}

impl Attempt<'_> {
    /// Runs the command, asks the program, and records both ends.
    pub(super) fn carry_out(
        &self,
        mut variables: Variables,
        command: &[OsString],
        require_report: bool,
    ) -> Result<Status, Error> {
        self.warn_of_surprises(&variables);
        let mut watch = Watch::start()?;
        let run = self.recorder.begin(&self.target, &self.source).step(State::Running);
        let report = self.report(&run, "ongoing");
        let fate = self.recorder.record(&run, &self.target, &report, PATIENCE);
        self.say("ongoing", &fate, None);
        variables.extend(self.own_variables(&fate));

        let stopwatch = self.context.world.stopwatch();
        let (ended, log_tail) = self.run(command, variables, &mut watch)?;
        let duration = i64::try_from(stopwatch.elapsed().as_millis()).unwrap_or(i64::MAX);

        let (state, status) = verdict(ended, watch.first().is_some());
        let checked =
            match ended {
                Ended::Exited(0) => {
                    Checked::now(self.context, self.way.as_ref(), &self.target, &self.source, &mut watch)
                        .with(self.context, &self.smokes, &self.folder)
                }
                _ => Checked::default(),
            };
        let (state, status) = if checked.failed() { (State::Failed, "failed") } else { (state, status) };
        let run = run.step(state);
        let mut report = self.report(&run, status);
        report.duration = Some(duration);
        report.log_tail = log_tail;
        let fate = self.recorder.record(&run, &self.target, &report, PATIENCE);
        let end = End { ended, duration, checked };
        self.say(status, &fate, Some(&end));
        self.print_record(&report, &fate, &end.checked);
        Ok(end.status(&mut watch, require_report && !fate.is_delivered()))
    }

    /// Runs the command; says how it ended, and what it wrote last if that is recorded.
    fn run(
        &self,
        command: &[OsString],
        variables: Variables,
        watch: &mut Watch,
    ) -> Result<(Ended, Vec<String>), Error> {
        if let Some(signal) = watch.first() {
            return Ok((Ended::Signalled(signal), Vec::new()));
        }
        let invocation = invocation(command, &self.folder, variables);
        if self.log_tail == 0 {
            return Ok((invocation.foreground(watch)?, Vec::new()));
        }
        let (ended, lines) = invocation.foreground_with_tail(watch, ui::onward(), self.log_tail)?;
        Ok((ended, secret::clean(&lines, self.context.world, LOG_LINE)))
    }

    fn report(&self, run: &Run, status: &str) -> Report {
        let report = self.recorder.report(run, &self.target, &self.source, status);
        Report {
            kind: self.kind.or(report.kind),
            reason: self.reason.clone(),
            rollback_of: self.rollback_of,
            ..report
        }
    }

    /// What the registry knows of this deployment, if it is there; a deployment does not wait for it again.
    fn own_variables(&self, fate: &Fate) -> Variables {
        let Fate::Delivered(accepted) = fate else { return variables::own(&self.target, None, None) };
        let Ok(matrix) = self.recorder.client.current(Some(&self.target.app), PREVIOUS) else {
            return variables::own(&self.target, accepted.id, None);
        };
        let current = matrix.iter().find(|item| {
            (&item.app, &item.platform, &item.environment)
                == (&self.target.app, &self.target.platform, &self.target.environment)
        });
        if let (Some(id), Some(sha)) = (accepted.id, &self.source.sha) {
            let live = current.and_then(|cell| cell.recorded.as_ref());
            let before = Before::of(live.is_some(), live.and_then(|live| live.sha.as_deref()));
            brought::tell(self.context, &self.recorder.client, (id, sha), &before);
        }
        variables::own(&self.target, accepted.id, current)
    }

    fn warn_of_surprises(&self, variables: &Variables) {
        if self.source.dirty == Some(true) {
            self.context.ui.warn("tracked files differ from HEAD; the deployment is recorded as dirty");
        }
        for (name, value) in variables {
            if let Some(old) = self.context.world.var(name).filter(|old| old != value) {
                let (old, value) = (text::line(old), text::line(value));
                self.context
                    .ui
                    .warn(&format!("`{name}` is `{value}` for the command, not `{old}` as outside"));
            }
        }
    }

    /// `production  1.2.0 c09f7aa  deployed   3 min 12 s`
    fn say(&self, status: &str, fate: &Fate, end: Option<&End>) {
        let mut facts = Vec::new();
        if let Some(end) = end {
            facts.push(span::took(end.duration));
            facts.extend(cause(end.ended));
            facts.extend(end.checked.words());
        }
        if let (Fate::Delivered(accepted), None) = (fate, end) {
            facts.extend(accepted.id.map(|id| format!("recorded as deployment {id}")));
        }
        let line = format!("{}  {status:<9}  {}", self.title(), facts.join(", "));
        self.context.ui.note(line.trim_end());
        if let Some(warning) = end.and_then(|end| end.checked.warning()) {
            self.context.ui.warn(warning);
        }
        warn_of(self.context, &self.recorder, status, fate);
    }

    fn title(&self) -> String {
        let environment = text::line(&self.target.environment);
        format!(
            "{environment}  {} {}",
            self.source.version,
            text::short(self.source.sha.as_deref().unwrap_or(""))
        )
    }

    /// stdout belongs to the command, so the record goes to the end of stderr, or to a file. A file that cannot
    /// be written is no reason to call a deployment failed that is done.
    fn print_record(&self, report: &Report, fate: &Fate, checked: &Checked) {
        let id = if let Fate::Delivered(accepted) = fate { accepted.id } else { None };
        let record = json!({
            "deployment": id, "delivered": fate.is_delivered(), "report": report,
            "health": checked.document(), "checks": checked.checks(),
        })
        .to_string();
        if self.context.ui.json {
            self.context.ui.note(&record);
        }
        if let Some(file) = &self.result
            && let Err(error) = files::replace(file, format!("{record}\n").as_bytes())
        {
            self.context.ui.warn(&format!("the record is not written: {error}"));
        }
    }

    /// What would be run and recorded.
    pub(super) fn print(
        &self,
        gate: &Gate,
        variables: &Variables,
        command: &[OsString],
    ) -> Result<Status, Error> {
        let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
        if self.context.ui.json {
            let variables: serde_json::Map<_, _> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let (target, source) = (&self.target, &self.source);
            self.context.ui.document(&json!({
                "registry": self.recorder.client.name(),
                "app": target.app, "workload": target.workload,
                "platform": target.platform, "environment": target.environment,
                "version": source.version, "sha": source.sha, "ref": source.branch, "dirty": source.dirty,
                "gate": gate.document(), "variables": variables, "command": words,
            }))?;
            return Ok(Exit::Done.into());
        }
        let dirty = if self.source.dirty == Some(true) { ", dirty" } else { "" };
        let mut lines = vec![
            format!("record   {} on {}{dirty}", text::line(&self.target.app), self.title()),
            format!("at       {}", text::line(self.recorder.client.name())),
        ];
        lines.extend(gate.lines());
        lines.extend(variables.iter().map(|(name, value)| format!("set      {name}={}", quoted(value))));
        lines.push(format!(
            "run      {}",
            words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
        ));
        self.context.ui.answer(&lines.join("\n"))?;
        Ok(Exit::Done.into())
    }
}

impl End {
    /// The command's own status; where that is 0, what came of it counts.
    fn status(&self, watch: &mut Watch, undelivered: bool) -> Status {
        match self.ended.code() {
            0 if self.checked.failed() => Exit::CheckFailed.into(),
            0 if self.checked.interrupted() => {
                Status::Child(watch.first().map_or(1, |signal| signal.saturating_add(128)))
            }
            0 if undelivered => Exit::Undelivered.into(),
            code => Status::Child(code),
        }
    }
}

fn invocation(command: &[OsString], folder: &Path, variables: Variables) -> Invocation {
    let empty = OsString::new();
    let (program, arguments) = command.split_first().unwrap_or((&empty, &[]));
    let invocation = Invocation::new(program, arguments, folder);
    variables.into_iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value))
}

/// What is recorded of an end. A command that succeeded in spite of a signal has deployed.
fn verdict(ended: Ended, interrupted: bool) -> (State, &'static str) {
    match ended {
        Ended::Exited(0) => (State::Succeeded, "deployed"),
        _ if interrupted || ended.was_asked_to_end() => (State::Cancelled, "cancelled"),
        _ => (State::Failed, "failed"),
    }
}

fn cause(ended: Ended) -> Option<String> {
    match ended {
        Ended::Exited(0) => None,
        Ended::Exited(code) => Some(format!("exit status {code}")),
        Ended::Signalled(signal) => Some(format!("ended by signal {signal}")),
        Ended::NotFound => Some("the command was not found".to_owned()),
        Ended::NotExecutable => Some("the command cannot be executed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_decides_what_is_recorded() {
        for (ended, interrupted, status) in [
            (Ended::Exited(0), false, "deployed"),
            (Ended::Exited(0), true, "deployed"),
            (Ended::Exited(1), false, "failed"),
            (Ended::Exited(1), true, "cancelled"),
            (Ended::Signalled(15), false, "cancelled"),
            (Ended::Signalled(9), false, "failed"),
            (Ended::NotFound, false, "failed"),
            (Ended::NotExecutable, false, "failed"),
        ] {
            assert_eq!(verdict(ended, interrupted).1, status, "{ended:?} {interrupted}");
        }
    }
}
