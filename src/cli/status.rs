//! `shipmark status`: what runs where.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::asking::{self, Asked};
use super::reporting::{Place, Reach};
use super::status_table::{Cell, Table};
use super::{Context, config};
use crate::deploy::answers::Matrix;
use crate::deploy::board::{self, Column, Local};
use crate::deploy::client::{Client, Wanted};
use crate::deploy::intended::Releases;
use crate::deploy::observe::{Seen, observe, unasked};
use crate::deploy::operand::Operand;
use crate::deploy::subject::app_of;
use crate::domain::deployment::Current;
use crate::domain::hold::Hold;
use crate::domain::intended::Intended;
use crate::domain::verdict::Moment;
use crate::domain::{span, text};
use crate::error::{Error, Exit};

/// Show which version of which app runs on which environment
#[derive(Args)]
pub(super) struct Status {
    /// One environment, as one sentence; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: Option<String>,
    /// Do not ask the running programs what they are
    #[arg(long)]
    no_probe: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Where this clone stands.
struct Here {
    version: Option<String>,
    /// The version with the commits since its tag.
    shown: Option<String>,
    sha: String,
    branch: Option<String>,
    dirty: bool,
}

/// The answer of the registry with what this clone adds to it.
struct View<'a> {
    context: &'a Context<'a>,
    place: &'a Place,
    registry: String,
    matrix: Matrix,
    /// The age of the answer if the registry did not give it now.
    stale: Option<i64>,
    own: Option<String>,
    here: Option<Here>,
    /// For each item what its program says, where it can be asked.
    seen: Vec<Option<Seen>>,
    /// For each item the release that should be there, where it is one of this clone.
    intended: Vec<Option<Intended>>,
    now: i64,
    /// What is held anywhere.
    holds: Vec<Hold>,
}

impl Status {
    pub(super) fn run(self, context: &Context) -> Result<crate::error::Status, Error> {
        let place = Place::anywhere(context)?;
        let client = place.client(context, &self.reach)?;
        let Asked { matrix, stale } = asking::current(context, &place, &client)?;
        let own = app_of(&place.config, place.repo.as_ref());
        let now = context.world.now().as_millisecond();
        let holds = match stale
            .map_or_else(|| client.holds(&Wanted::default(), asking::LIMIT), |_| Ok(Vec::new()))
        {
            Ok(holds) => holds,
            Err(error) => {
                context.ui.warn(&format!("nothing is known of holds: {}", text::line(&error.to_string())));
                Vec::new()
            }
        };
        let moment = Moment { now, holds: &holds };
        let mut seen = match self.no_probe {
            true => vec![None; matrix.items.len()],
            false => look(context, &place, &client, &matrix, stale.is_none(), &moment),
        };
        for (seen, item) in seen.iter_mut().zip(&matrix.items) {
            *seen = seen.take().or_else(|| unasked(item, &moment));
        }
        let intended = intended(&place, own.as_deref(), &matrix, &moment)?;
        let view = View {
            context,
            place: &place,
            registry: client.name().to_owned(),
            matrix,
            stale,
            own,
            seen,
            intended,
            here: here(&place)?,
            now,
            holds,
        };
        match &self.environment {
            None => view.show_all()?,
            Some(environment) => view.show_one(environment)?,
        }
        Ok(Exit::Done.into())
    }
}

/// What the programs of our own app say; the configuration knows no others.
fn look(
    context: &Context,
    place: &Place,
    client: &Client,
    matrix: &Matrix,
    reachable: bool,
    moment: &Moment,
) -> Vec<Option<Seen>> {
    let (config, repo) = (&place.config, place.repo.as_ref());
    let own = app_of(config, repo);
    let own = own.as_deref();
    let trusted = config::is_trusted(context, repo, config);
    let history = |item: &Current| {
        let known = if reachable { client.history(item, asking::LIMIT).ok() } else { None };
        known.map(|known| known.rows)
    };
    let items: Vec<&Current> = matrix.items.iter().collect();
    let ours: Vec<&Current> = items.iter().copied().filter(|item| own == Some(item.app.as_str())).collect();
    let mut seen = observe(&ours, config, trusted, moment, &history).into_iter();
    items
        .iter()
        .map(|item| if own == Some(item.app.as_str()) { seen.next().flatten() } else { None })
        .collect()
}

/// What the environments of our own app should have; of others this clone knows no releases.
fn intended(
    place: &Place,
    own: Option<&str>,
    matrix: &Matrix,
    moment: &Moment,
) -> Result<Vec<Option<Intended>>, Error> {
    let Some(repo) = &place.repo else { return Ok(vec![None; matrix.items.len()]) };
    let releases = Releases::of(repo, &place.config)?;
    let of = |item: &Current| match own == Some(item.app.as_str()) {
        true => Ok(releases.intended(item, moment)?),
        false => Ok(None),
    };
    matrix.items.iter().map(of).collect()
}

fn here(place: &Place) -> Result<Option<Here>, Error> {
    let Some(repo) = &place.repo else { return Ok(None) };
    let head = match repo.head() {
        Ok(head) => head,
        Err(crate::git::GitError::Unborn) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let local = Operand::local(repo, &place.config)?;
    Ok(Some(Here {
        shown: local.shown_version(),
        // A repository without a version still has a commit to compare.
        version: local.version,
        dirty: !repo.changed_files()?.is_empty(),
        sha: head.oid,
        branch: head.branch,
    }))
}

impl View<'_> {
    fn show_all(&self) -> Result<(), Error> {
        if self.context.ui.json {
            let items =
                self.matrix.items.iter().map(|item| self.item(item)).collect::<Result<Vec<_>, _>>()?;
            return Ok(self.context.ui.document(&self.document(&items))?);
        }
        let columns = board::columns(&self.matrix.items, &self.place.config);
        let rows = self.rows();
        let mut table = Table::new(columns.iter().map(|column| column.title.as_str()));
        let mut unknown = Vec::new();
        for app in rows {
            let cells = columns.iter().map(|column| self.cell(app, column, &mut unknown));
            table.row(app, cells.collect::<Result<Vec<_>, Error>>()?);
        }
        let mut lines = Vec::from_iter(asking::stale_line(self.stale));
        if columns.is_empty() {
            lines.push("nothing is recorded".to_owned());
        } else {
            lines.extend(table.render(self.context.ui));
        }
        lines.extend(self.here.as_ref().map(|here| table.foot("local", &here.line())));
        unknown.sort();
        unknown.dedup();
        lines.extend(unknown);
        lines.extend(self.held(&self.matrix.items.iter().collect::<Vec<_>>()));
        Ok(self.context.ui.answer(&lines.join("\n"))?)
    }

    /// The app of each row, our own first. A registry keeps one version for each app, platform and environment,
    /// whichever workload deployed it.
    fn rows(&self) -> Vec<&str> {
        let mut rows: Vec<_> = self.matrix.items.iter().map(|item| item.app.as_str()).collect();
        let own = self.own.as_deref();
        rows.extend(own.filter(|_| self.here.is_some()));
        rows.sort_by_key(|app| (own != Some(*app), *app));
        rows.dedup();
        rows
    }

    fn local(&self, item: &Current) -> Result<Option<Local>, Error> {
        let (Some(repo), Some(here), Some(recorded)) = (&self.place.repo, &self.here, &item.recorded) else {
            return Ok(None);
        };
        let own = self.own.as_deref() == Some(item.app.as_str());
        Ok(board::local(repo, &self.place.config, &here.sha, recorded, own)?)
    }

    fn cell(&self, app: &str, column: &Column, unknown: &mut Vec<String>) -> Result<Cell, Error> {
        let found = self.matrix.items.iter().find(|item| {
            item.app == app && item.environment == column.environment && item.platform == column.platform
        });
        let Some(item) = found else { return Ok(Cell::empty()) };
        let local = self.local(item)?;
        if let Some(Local::Unknown { sha }) = &local {
            unknown.push(format!("unknown: {} is not in this clone, run git fetch", text::short(sha)));
        }
        let cell = Cell::of(item, local.as_ref(), self.seen(item), self.now);
        Ok(cell.with(self.intended(item)))
    }

    fn seen(&self, item: &Current) -> Option<&Seen> {
        self.seen.get(self.place_of(item)?)?.as_ref()
    }

    fn intended(&self, item: &Current) -> Option<&Intended> {
        self.intended.get(self.place_of(item)?)?.as_ref()
    }

    fn place_of(&self, item: &Current) -> Option<usize> {
        self.matrix.items.iter().position(|other| std::ptr::eq(other, item))
    }

    fn item(&self, item: &Current) -> Result<Value, Error> {
        let mut value = serde_json::to_value(item).map_err(std::io::Error::other)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("local".to_owned(), json!(self.local(item)?));
            fields.insert("seen".to_owned(), json!(self.seen(item)));
            fields.insert("intended".to_owned(), json!(self.intended(item)));
            let rank = self.place.config.rank_of(&item.environment, &item.platform);
            fields.insert("tier".to_owned(), json!(rank.tier));
            fields.insert("tier_guessed".to_owned(), json!(rank.guessed));
        }
        Ok(value)
    }

    fn document(&self, items: &[Value]) -> Value {
        let local = self.here.as_ref().map(|here| {
            json!({ "version": here.version, "sha": here.sha, "branch": here.branch, "dirty": here.dirty })
        });
        let holds: Vec<&Hold> = self.holds.iter().filter(|hold| hold.is_active(self.now)).collect();
        json!({
            "holds": holds,
            "registry": self.registry,
            "answered_at": self.matrix.at,
            "stale_seconds": self.stale.map(|age| age / 1000),
            "local": local,
            "items": items,
        })
    }

    /// `helpdesk 1.0.1 (764c119) since 2025-10-10 08:45:12 UTC (9 d)`
    fn show_one(&self, environment: &str) -> Result<(), Error> {
        let Some(app) = self.own.as_deref() else {
            return Err(Error::new(Exit::Usage, "outside a repository nothing says which app is meant")
                .hint("run it in the app's repository, or see all of them with `shipmark status`"));
        };
        let item = board::find(&self.matrix.items, app, environment)?;
        if self.context.ui.json {
            let items = item.map(|item| self.item(item)).transpose()?;
            return Ok(self.context.ui.document(&self.document(items.as_slice()))?);
        }
        let mut lines = Vec::from_iter(asking::stale_line(self.stale));
        lines.push(match item {
            Some(item) => self.sentence(item),
            None => format!("{} is not recorded on {}", text::line(app), text::line(environment)),
        });
        lines.extend(self.held(item.as_slice()));
        Ok(self.context.ui.answer(&lines.join("\n"))?)
    }

    /// A line for all that holds on one of these places, oldest first: what runs there, or everything.
    fn held(&self, items: &[&Current]) -> Vec<String> {
        let speaks = |hold: &&Hold| hold.is_active(self.now) && items.iter().any(|item| hold.binds(item));
        self.holds.iter().rev().filter(speaks).map(Hold::sentence).collect()
    }

    fn sentence(&self, item: &Current) -> String {
        let app = text::line(&item.app);
        let mut sentence = match &item.recorded {
            None => format!("{app} has no success on {}", text::line(&item.environment)),
            Some(recorded) => {
                let at = recorded.finished_at.unwrap_or(recorded.started_at);
                let sha = recorded.sha.as_deref().map(|sha| format!(" ({})", text::line(text::short(sha))));
                let since = Timestamp::from_millisecond(at).unwrap_or_default();
                format!(
                    "{app} {}{} since {} ({})",
                    text::line(&recorded.version),
                    sha.unwrap_or_default(),
                    since.strftime("%Y-%m-%d %H:%M:%S UTC"),
                    span::age(self.now - at)
                )
            }
        };
        if let Some(words) = self.intended(item).and_then(Intended::words) {
            sentence = format!("{sentence}, {words}");
        }
        if item.recorded.as_ref().is_none_or(|recorded| recorded.id != item.newest.id) {
            let newest = &item.newest;
            let at = newest.finished_at.unwrap_or(newest.started_at);
            let age = span::age(self.now - at);
            let (version, status) = (text::line(&newest.version), text::line(&newest.status));
            sentence = format!("{sentence}; newest attempt {version} {status}, {age} ago");
        }
        if let Some(seen) = self.seen(item) {
            sentence = format!("{sentence}   {}", seen.words(true));
        }
        sentence
    }
}

impl Here {
    fn line(&self) -> String {
        let branch = self.branch.as_deref().map_or_else(|| "detached".to_owned(), text::line);
        let state = if self.dirty { "dirty" } else { "clean" };
        let version = self.shown.as_deref().unwrap_or("no VERSION.txt");
        format!("{version}  {}  {branch}, {state}", text::short(&self.sha))
    }
}
