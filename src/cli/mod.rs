//! The command line: one file per command, and a `match` with one line per arm.

mod asking;
mod attempt;
mod brought;
mod bump;
mod can_deploy;
mod changelog;
mod checked;
mod ci;
mod compare;
mod compare_list;
mod compare_seen;
mod config;
mod confirm;
mod demo;
mod deploy;
mod dora;
mod env;
mod find;
mod gate;
mod hold;
mod hook;
mod hooks;
mod init;
mod lint;
mod next;
mod note;
mod outbox;
mod paper;
mod preflight;
mod release;
mod rendering;
mod report;
mod reporting;
mod rollback;
mod rollback_plan;
mod serve;
mod smoke;
mod status;
mod status_table;
mod tag;
mod undo;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Config, FILE_NAME, Sources, load};
use crate::domain::plan::History;
use crate::error::{Error, Exit, Status};
use crate::git::{GitError, Repo, Surroundings};
use crate::ui::{self, Streams, Ui};
use crate::world::World;

/// Conventional releases, git hooks, and a registry of which version runs where.
#[derive(Parser)]
#[command(name = "shipmark", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The command line of a hook alone: git waits for its hooks, and it costs more to build all commands in order to
/// choose this one than the hook takes.
#[derive(Parser)]
#[command(name = "shipmark hook", max_term_width = 100)]
struct HookLine {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    hook: hook::Hook,
}

impl Cli {
    fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args: Vec<OsString> = args.into_iter().collect();
        match args.split_first() {
            Some((_, rest)) if rest.first().is_some_and(|word| word == "hook") => {
                let HookLine { global, hook } = HookLine::try_parse_from(rest)?;
                Ok(Self { global, command: Command::Hook(hook) })
            }
            _ => Self::try_parse_from(args),
        }
    }
}

/// Options that every command takes.
#[derive(Args)]
struct Global {
    /// The repository, instead of the one that contains the working directory
    #[arg(long, value_name = "PATH", global = true, help_heading = "Everywhere")]
    repo: Option<PathBuf>,
    /// The configuration file, instead of `shipmark.toml` at the repository's root
    #[arg(long, value_name = "FILE", global = true, help_heading = "Everywhere")]
    config: Option<PathBuf>,
    /// Print one JSON document on stdout
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// Say only warnings and errors beside the answer
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    verbose: bool,
    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, help_heading = "Everywhere")]
    color: When,
    /// Never ask; take what was given or fail
    #[arg(long, global = true, help_heading = "Everywhere")]
    no_input: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Next(next::Next),
    Bump(bump::BumpArgs),
    Changelog(changelog::Changelog),
    Release(release::Release),
    Tag(tag::Tag),
    Undo(undo::Undo),
    Verify(verify::Verify),
    Lint(lint::Lint),
    Note(note::Note),
    Hooks(hooks::Hooks),
    Hook(hook::Hook),
    Deploy(deploy::Deploy),
    Env(env::Env),
    Report(report::Report),
    Outbox(outbox::OutboxArgs),
    Status(status::Status),
    Compare(compare::Compare),
    Where(find::Where),
    Rollback(rollback::Rollback),
    CanDeploy(can_deploy::CanDeploy),
    Preflight(preflight::Preflight),
    Hold(hold::HoldArgs),
    Dora(dora::Dora),
    Config(config::ConfigArgs),
    Ci(ci::Ci),
    Serve(serve::Serve),
    Token(serve::TokenArgs),
    Backup(serve::Backup),
    Demo(demo::Demo),
    Completions(paper::Completions),
    Man(paper::Man),
}

/// What every command gets: the surroundings, the voice, and the options that all of them share.
struct Context<'a> {
    world: &'a World,
    ui: Ui,
    global: Global,
}

impl Context<'_> {
    /// The repository that the command works on.
    fn repo(&self) -> Result<Repo, Error> {
        Ok(self.open()?)
    }

    /// The same, for a command that can do without: `--repo` decides, then git's own variables, then the
    /// working directory.
    fn open(&self) -> Result<Repo, GitError> {
        match &self.global.repo {
            Some(path) => Repo::open(path),
            None => Repo::around(&Surroundings {
                cwd: self.world.cwd(),
                git_dir: self.world.var("GIT_DIR"),
                work_tree: self.world.var("GIT_WORK_TREE"),
            }),
        }
    }

    /// The configuration, of a repository if the command has one.
    fn config(&self, repo: Option<&Repo>) -> Result<Config, Error> {
        Ok(load(&self.sources(repo))?)
    }

    /// Where its layers stand.
    fn sources(&self, repo: Option<&Repo>) -> Sources<'_> {
        let in_root = repo.and_then(|repo| repo.root().ok()).map(|root| root.join(FILE_NAME));
        Sources {
            user_file: self.world.config_home().map(|home| home.join("shipmark").join("config.toml")),
            repository_file: self.global.config.clone().or(in_root),
            named: self.global.config.is_some(),
            registry_url: self.world.var("SHIPMARK_REGISTRY_URL"),
        }
    }
}

/// The history since the newest stable release, with the commits as the configuration has them count.
fn history(repo: &Repo, config: &Config) -> Result<History, Error> {
    Ok(read_as(config, repo.history(&config.tag_format)?))
}

/// A history with its commits as the configuration has them count.
fn read_as(config: &Config, history: History) -> History {
    let window = config.reading.apply(history.window, &history.head);
    History { window, ..history }
}

/// What is deployed: the configured name, else the repository's.
fn app(repo: &Repo, config: &Config) -> Result<String, Error> {
    let named = config.app.clone().or_else(|| repo.name(&config.remote));
    named.ok_or_else(|| {
        Error::new(Exit::Configuration, "this repository has no name").hint("set `app` in shipmark.toml")
    })
}

/// Runs the command line and returns how it ended; errors are printed here, once.
pub fn main(args: impl IntoIterator<Item = OsString>, world: &World) -> Status {
    let cli = match Cli::read(args) {
        Ok(cli) => cli,
        Err(usage) => {
            // clap knows which stream its text goes to; nobody is left to tell if that stream is closed.
            let _ = usage.print();
            return if usage.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let ui = Ui {
        json: cli.global.json,
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        color: colors(cli.global.color, world),
    };
    let mut context = Context { world, ui, global: cli.global };
    match run(&mut context, cli.command) {
        Ok(status) => status,
        Err(error) => {
            ui.error(&error);
            error.exit.into()
        }
    }
}

/// Says that there is no working directory to work in.
pub fn nowhere(cause: &std::io::Error) -> Status {
    let mut error = Error::new(Exit::Io, "the working directory cannot be found")
        .hint("change to a folder that is there");
    error.causes.push(cause.to_string());
    Ui { json: false, quiet: false, verbose: false, color: Streams::default() }.error(&error);
    error.exit.into()
}

fn run(context: &mut Context, command: Command) -> Result<Status, Error> {
    match command {
        Command::Init(init) => init.run(context),
        Command::Next(next) => next.run(context),
        Command::Bump(bump) => bump.run(context),
        Command::Changelog(changelog) => changelog.run(context),
        Command::Release(release) => release.run(context),
        Command::Tag(tag) => tag.run(context),
        Command::Undo(undo) => undo.run(context),
        Command::Verify(verify) => verify.run(context),
        Command::Lint(lint) => lint.run(context),
        Command::Note(note) => note.run(context),
        Command::Hooks(hooks) => hooks.run(context),
        Command::Hook(hook) => hook.run(context),
        Command::Deploy(deploy) => deploy.run(context),
        Command::Env(env) => env.run(context),
        Command::Report(report) => report.run(context),
        Command::Outbox(outbox) => outbox.run(context),
        Command::Status(status) => status.run(context),
        Command::Compare(compare) => compare.run(context),
        Command::Where(find) => find.run(context),
        Command::Rollback(rollback) => rollback.run(context),
        Command::CanDeploy(can_deploy) => can_deploy.run(context),
        Command::Preflight(preflight) => preflight.run(context),
        Command::Hold(hold) => hold.run(context),
        Command::Dora(dora) => dora.run(context),
        Command::Config(config) => config.run(context),
        Command::Ci(ci) => ci.run(context),
        Command::Serve(serve) => serve.run(context),
        Command::Token(token) => token.run(context),
        Command::Backup(backup) => backup.run(context),
        Command::Demo(demo) => demo.run(context),
        Command::Completions(completions) => completions.run(context),
        Command::Man(man) => man.run(context),
    }
}

/// Colour by option, then `NO_COLOR` (no-color.org), then whether each stream is a terminal that can.
fn colors(when: When, world: &World) -> Streams {
    match when {
        When::Always => Streams { out: true, err: true },
        When::Never => Streams::default(),
        When::Auto if world.var("NO_COLOR").is_some() || world.var("TERM") == Some("dumb") => {
            Streams::default()
        }
        When::Auto => ui::terminals(),
    }
}
