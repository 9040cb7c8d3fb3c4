//! `shipmark token`: makes, lists and revokes tokens in the database itself, since the first one can come from
//! nowhere else.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::database::{Database, Named};
use crate::cli::Context;
use crate::domain::glob::Glob;
use crate::domain::limits::Limits;
use crate::domain::token::{NewToken, Scope, Token};
use crate::domain::{span, text};
use crate::error::{Error, Exit, Status};
use crate::registry::Registry;

/// Make, list and revoke the tokens of a registry
///
/// Works on the database of the registry, on its machine; a server that runs hears of it within a second. The first
/// token closes the registry: from then on nobody writes without one.
#[derive(Args)]
pub(in crate::cli) struct TokenArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    database: Named,
}

#[derive(Subcommand)]
enum Action {
    /// Make a token and print it; it is shown this once
    Create {
        /// What it is for, such as `ci`
        #[arg(value_name = "NAME")]
        name: String,
        /// What it allows
        #[arg(long, value_name = "SCOPE", default_value = "write")]
        scope: Allowed,
        #[command(flatten)]
        limits: LimitArgs,
        /// When it ends, such as `90d` or a time; without it, when it is revoked
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List the tokens, without their secrets
    List,
    /// Revoke a token at once and for good
    Revoke {
        /// Its id, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// What the token sees and touches; of each, repeat the option for several patterns.
#[derive(Args)]
struct LimitArgs {
    /// Only apps with such a name; `*` stands for any text (repeatable)
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    app: Vec<Glob>,
    /// Only platforms with such a name (repeatable)
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    platform: Vec<Glob>,
    /// Only environments with such a name (repeatable)
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    environment: Vec<Glob>,
    /// Let a limited token read the free text `raw` of API v1 too
    #[arg(long)]
    raw: bool,
}

impl From<LimitArgs> for Option<Limits> {
    fn from(LimitArgs { app, platform, environment, raw }: LimitArgs) -> Self {
        let limits = Limits { app, platform, environment, raw };
        (raw || !limits.is_empty()).then_some(limits)
    }
}

fn glob(text: &str) -> Result<Glob, &'static str> {
    Glob::try_from(text.to_owned())
}

#[derive(Clone, Copy, ValueEnum)]
enum Allowed {
    /// Reading, where the server is private
    Read,
    /// Reading and writing
    Write,
    /// Managing tokens too
    Admin,
}

impl From<Allowed> for Scope {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Read => Self::Read,
            Allowed::Write => Self::Write,
            Allowed::Admin => Self::Admin,
        }
    }
}

impl TokenArgs {
    pub(in crate::cli) fn run(self, context: &Context) -> Result<Status, Error> {
        let database = Database::choose(&self.database, context.world)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::from_source(Exit::Io, &error))?;
        runtime.block_on(async {
            let registry = Registry::new(database.open(context.world).await?, context.world.clone());
            let done = act(context, &registry, self.action).await;
            registry.close().await;
            done
        })
    }
}

async fn act(context: &Context<'_>, registry: &Registry, action: Action) -> Result<Status, Error> {
    match action {
        Action::Create { name, scope, limits, expires } => {
            let expires_at = end(context, expires.as_deref())?;
            let new = NewToken { name, scope: scope.into(), limits: limits.into(), expires_at };
            let (token, secret) = registry.make_token(&new).await?;
            if context.global.json {
                let mut document = json!(token);
                if let Some(members) = document.as_object_mut() {
                    members.insert("token".to_owned(), json!(secret.text()));
                }
                context.ui.document(&document)?;
            } else {
                context.ui.answer(&secret.text())?;
                context
                    .ui
                    .note("keep it now: only its digest is stored; give it to clients as SHIPMARK_TOKEN");
            }
        }
        Action::List => {
            let tokens = registry.tokens().await?;
            if context.global.json {
                context.ui.document(&json!({ "items": tokens }))?;
            } else {
                let now = context.world.now().as_millisecond();
                for token in &tokens {
                    context.ui.answer(&line(token, now))?;
                }
                if tokens.is_empty() {
                    context.ui.note("there is no token; make one with `shipmark token create NAME`");
                }
            }
        }
        Action::Revoke { id } => {
            let token = registry.revoke_token(&id).await?;
            if context.global.json {
                context.ui.document(&json!(token))?;
            } else {
                context.ui.note(&format!("revoked {} ({})", token.id, text::line(&token.name)));
            }
        }
    }
    Ok(Exit::Done.into())
}

fn end(context: &Context<'_>, words: Option<&str>) -> Result<Option<i64>, Error> {
    let Some(words) = words else { return Ok(None) };
    let end = span::until(words, context.world.now());
    end.map(|end| Some(end.as_millisecond())).ok_or_else(|| {
        Error::new(Exit::Usage, format!("`{}` is no later time", text::line(words)))
            .hint("give a span such as `90d`, or a time such as `2025-10-10T16:00:00+02:00`")
    })
}

/// One token for a person.
fn line(token: &Token, now: i64) -> String {
    let day = |at: i64| Timestamp::from_millisecond(at).unwrap_or_default().strftime("%Y-%m-%d").to_string();
    let fate = match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if at <= now => format!("expired {}", day(at)),
        (None, Some(at)) => format!("until {}", day(at)),
        (None, None) => "until it is revoked".to_owned(),
    };
    let used = token.last_used_at.map_or("never used".to_owned(), |at| format!("used {}", day(at)));
    let limits = token.limits.as_ref().map(within).unwrap_or_default();
    format!("{}  {:<5}  {}  {fate}, {used}{limits}", token.id, token.scope.word(), text::line(&token.name))
}

/// The limits of a token, such as `, only app web-* or api, environment dev`.
fn within(limits: &Limits) -> String {
    let fields = limits.fields().into_iter().filter(|(_, globs)| !globs.is_empty());
    let field = |(name, globs): (&str, &[Glob])| {
        let globs: Vec<_> = globs.iter().map(|glob| text::line(glob.as_str())).collect();
        format!("{name} {}", globs.join(" or "))
    };
    let raw = if limits.raw { ", with raw" } else { "" };
    format!(", only {}{raw}", fields.map(field).collect::<Vec<_>>().join(", "))
}
