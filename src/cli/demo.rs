//! `shipmark demo`: the whole loop, from a commit to the board, with real commands on a throwaway repository.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use super::serve::Embedded;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::process::Invocation;
use crate::ui::Tone;

/// Show the whole loop on a throwaway repository and an embedded registry
#[derive(Args)]
pub(super) struct Demo {}

/// One command of the story.
struct Step {
    /// What it shows, in one line.
    about: &'static str,
    /// The command as a person would type it, word by word.
    words: &'static [&'static str],
    /// The status that the story expects.
    status: i32,
}

const fn step(about: &'static str, words: &'static [&'static str], status: i32) -> Step {
    Step { about, words, status }
}

const STORY: [Step; 16] = [
    step("a repository gets its version, changelog, configuration and hooks", &["shipmark", "init"], 0),
    step("", &["git", "add", "."], 0),
    step("", &["git", "commit", "--quiet", "-m", "feat: take a ticket"], 0),
    step(
        "the first release: files, commit and tag, on the remote first",
        &["shipmark", "release", "--push"],
        0,
    ),
    step(
        "it goes to production, and the registry knows",
        &["shipmark", "deploy", "production", "--", "sh", "deploy.sh"],
        0,
    ),
    step(
        "a message that says nothing is refused",
        &["git", "commit", "--quiet", "--allow-empty", "-m", "added a search box"],
        1,
    ),
    step(
        "",
        &["git", "commit", "--quiet", "--allow-empty", "-m", "feat(search): find a ticket by its number"],
        0,
    ),
    step(
        "",
        &["git", "commit", "--quiet", "--allow-empty", "-m", "fix: keep the line breaks of a reply (#12)"],
        0,
    ),
    step("", &["git", "commit", "--quiet", "--allow-empty", "-m", "docs: say how to search"], 0),
    step("which version comes next, and why?", &["shipmark", "next", "--explain"], 0),
    step("", &["shipmark", "release", "--push"], 0),
    step("", &["cat", "CHANGELOG.md"], 0),
    step("", &["shipmark", "deploy", "dev", "--", "sh", "deploy.sh"], 0),
    step("which version runs where, and where does my clone stand?", &["shipmark", "status"], 0),
    step("", &["shipmark", "status", "production"], 0),
    step("what is in dev and not yet in production?", &["shipmark", "compare", "production", "dev"], 0),
];

/// What is deployed: no more than a sentence.
const SCRIPT: &[u8] = b"echo \"helpdesk $VERSION now answers on $ENVIRONMENT\"\n";

impl Demo {
    #[expect(clippy::unused_self, reason = "every command runs in the same way")]
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        if context.ui.json {
            return Err(Error::new(Exit::Usage, "the demo is a story, and no JSON document")
                .hint("leave `--json` out; every command in the story takes it"));
        }
        let folder = tempfile::Builder::new().prefix("shipmark-demo-").tempdir()?;
        let registry = Embedded::start(context.world, &folder.path().join("registry"))?;
        let stage = Stage::build(context, folder.path(), &registry.url)?;
        for step in &STORY {
            stage.play(context, step)?;
        }
        let ui = &context.ui;
        ui.answer(&format!("\n{} {}", ui.out(Tone::Strong, "the board:"), registry.url))?;
        if std::io::stdin().is_terminal() && !context.global.no_input {
            ui.answer("press Enter to end the demo; nothing of it is kept")?;
            std::io::stdin().lock().read_line(&mut String::new())?;
        } else {
            ui.answer("in a terminal it stays until you press Enter; nothing of the demo is kept")?;
        }
        registry.stop()?;
        Ok(Exit::Done.into())
    }
}

/// Where the story is played: a home of its own, so that no setting of the user's counts or changes.
struct Stage {
    program: PathBuf,
    home: PathBuf,
    repository: PathBuf,
    registry: String,
}

impl Stage {
    fn build(context: &Context, folder: &Path, registry: &str) -> Result<Self, Error> {
        let stage = Self {
            program: context.world.program()?,
            home: folder.join("home"),
            repository: folder.join("helpdesk"),
            registry: registry.to_owned(),
        };
        let quiet = |words: &[&str], cwd: &Path| stage.succeed(words, cwd);
        files::replace(&stage.home.join(".keep"), b"")?;
        quiet(&["git", "init", "--quiet", "--bare", "helpdesk.git"], folder)?;
        quiet(&["git", "init", "--quiet", "--initial-branch=main", "helpdesk"], folder)?;
        quiet(&["git", "remote", "add", "origin", "../helpdesk.git"], &stage.repository)?;
        files::replace(&stage.repository.join("deploy.sh"), SCRIPT)?;
        Ok(stage)
    }

    fn play(&self, context: &Context, step: &Step) -> Result<(), Error> {
        let ui = &context.ui;
        if !step.about.is_empty() {
            ui.answer(&format!("\n{}", ui.out(Tone::Dim, &format!("# {}", step.about))))?;
        }
        let typed: Vec<String> = step.words.iter().map(|word| quoted(word)).collect();
        ui.answer(&ui.out(Tone::Strong, &format!("$ {}", typed.join(" "))))?;
        let code = self.run(step.words, &self.repository)?;
        if code == Some(step.status) {
            return Ok(());
        }
        let message =
            format!("`{}` ended with {code:?} where the demo expects {}", typed.join(" "), step.status);
        Err(Error::new(Exit::Bug, message).hint("run it with `-v` and report what you see"))
    }

    fn succeed(&self, words: &[&str], cwd: &Path) -> Result<(), Error> {
        match self.run(words, cwd)? {
            Some(0) => Ok(()),
            code => Err(Error::new(Exit::Io, format!("`{}` ended with {code:?}", words.join(" ")))),
        }
    }

    /// Runs a command with our own terminal, so that its output stands where a user would see it.
    fn run(&self, words: &[&str], cwd: &Path) -> Result<Option<i32>, Error> {
        let Some((program, args)) = words.split_first() else { return Ok(None) };
        let program = if *program == "shipmark" { self.program.as_os_str() } else { program.as_ref() };
        let invocation = Invocation::new(program, args, cwd)
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SHIPMARK_REGISTRY_URL", &self.registry);
        let people = ["AUTHOR", "COMMITTER"].into_iter().flat_map(|role| {
            [(format!("GIT_{role}_NAME"), "Ada"), (format!("GIT_{role}_EMAIL"), "ada@helpdesk.example")]
        });
        let invocation = people.fold(invocation, |call, (name, value)| call.env(&name, value));
        // In CI the hooks would not be installed, and the story is about them.
        let mut child = ["CI", "SHIPMARK_TOKEN", "SHIPMARK_SKIP"]
            .into_iter()
            .fold(invocation, Invocation::without)
            .inherit()?;
        Ok(child.wait()?.code())
    }
}

/// A word as it would be typed in a shell.
fn quoted(word: &str) -> String {
    if word.contains([' ', '(', '#']) { format!("\"{word}\"") } else { word.to_owned() }
}
