//! `shipmark where`: which environments have a commit, a tag or the work on an issue, and since when.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::asking::{self, Asked};
use super::reporting::{Place, Reach};
use super::{Context, app};
use crate::deploy::board;
use crate::deploy::client::Client;
use crate::deploy::subject::{tagged, version_at};
use crate::deploy::whereabouts::{self, Known, There};
use crate::domain::deployment::Current;
use crate::domain::mention::{live_reverts, mentions};
use crate::domain::plan::Commit;
use crate::domain::{span, text};
use crate::error::{Error, Exit, Status};
use crate::git::Repo;

/// Say which environments have a commit, and since when
#[derive(Args)]
pub(super) struct Where {
    /// A commit, a tag, or an issue as `'#61'`: every commit that mentions it in subject or footer
    #[arg(value_name = "REV")]
    revision: String,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// What is asked of every commit.
struct Search<'a> {
    place: &'a Place,
    repo: &'a Repo,
    /// The cells of the app in the order of `status`, each with its history.
    cells: Vec<(String, &'a Current, Known)>,
    /// The commits of HEAD that matter, newest first: all for an issue, those after a revision.
    head: Vec<Commit>,
    now: i64,
}

/// One commit with what was found of it.
struct Found {
    commit: Commit,
    tag: Option<String>,
    reverts: Vec<Commit>,
    places: Vec<(String, String, There, Option<Commit>)>,
}

impl Where {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let repo = place.repo(context)?;
        let app = self.app.clone().map_or_else(|| app(repo, &place.config), Ok)?;
        let client = place.client(context, &self.reach)?;
        let asked = asking::current(context, &place, &client)?;
        let search = Search {
            place: &place,
            repo,
            cells: cells(&place, &client, &app, &asked),
            head: later(repo, &self.revision)?,
            now: context.world.now().as_millisecond(),
        };
        let commits = search.named(&self.revision)?;
        let found = commits.into_iter().map(|commit| search.find(commit)).collect::<Result<Vec<_>, _>>()?;
        if context.ui.json {
            context.ui.document(&json!({
                "commits": found.iter().map(Found::document).collect::<Vec<_>>(),
                "stale_seconds": asked.stale.map(|age| age / 1000),
            }))?;
            return Ok(Exit::Done.into());
        }
        let blocks: Vec<String> = found.iter().map(|found| found.lines(search.now).join("\n")).collect();
        let mut lines = Vec::from_iter(asking::stale_line(asked.stale));
        lines.push(blocks.join("\n\n"));
        context.ui.answer(&lines.join("\n"))?;
        Ok(Exit::Done.into())
    }
}

fn later(repo: &Repo, revision: &str) -> Result<Vec<Commit>, Error> {
    let from = if issue(revision).is_some() { None } else { Some(repo.resolve(revision)?) };
    Ok(repo.commits(&repo.head()?.oid, from.as_deref())?)
}

/// The number in `#61`.
fn issue(revision: &str) -> Option<u64> {
    revision.strip_prefix('#')?.parse().ok()
}

/// The cells of one app. A registry that gives no history is asked no further: then "since" is not told.
fn cells<'a>(
    place: &Place,
    client: &Client,
    app: &str,
    asked: &'a Asked,
) -> Vec<(String, &'a Current, Known)> {
    let items = &asked.matrix.items;
    let own: Vec<Current> = items.iter().filter(|item| item.app == app).cloned().collect();
    let mut answers = asked.stale.is_none();
    let mut cells = Vec::new();
    for column in board::columns(&own, &place.config) {
        let of = |item: &&Current| {
            item.app == app && item.environment == column.environment && item.platform == column.platform
        };
        for item in items.iter().filter(of) {
            let known = if answers { client.history(item, asking::LIMIT).ok() } else { None };
            answers = known.is_some();
            cells.push((column.title.clone(), item, known.unwrap_or_default()));
        }
    }
    cells
}

impl Search<'_> {
    /// The commits that are meant, newest first.
    fn named(&self, revision: &str) -> Result<Vec<Commit>, Error> {
        let Some(number) = issue(revision) else {
            let oid = self.repo.resolve(revision)?;
            return Ok(vec![self.repo.one(&oid)?]);
        };
        let found: Vec<Commit> =
            self.head.iter().filter(|commit| mentions(&commit.message, number)).cloned().collect();
        if found.is_empty() {
            return Err(Error::new(Exit::Repository, format!("no commit of HEAD mentions `#{number}`"))
                .hint("check out the branch that has it, or run `git fetch` and name the commit"));
        }
        Ok(found)
    }

    fn find(&self, commit: Commit) -> Result<Found, Error> {
        let (repo, config) = (self.repo, &self.place.config);
        let version = version_at(repo, &commit.oid).ok().map(|version| version.to_string());
        let tag = match &version {
            Some(version) if tagged(version, config, repo)?.as_ref() == Some(&commit.oid) => {
                version.parse().ok().map(|version| config.tag_format.tag_of(&version))
            }
            _ => None,
        };
        let later: &[Commit] = match self.head.iter().position(|other| other.oid == commit.oid) {
            Some(at) => self.head.get(..at).unwrap_or_default(),
            None => &self.head,
        };
        let reverts: Vec<Commit> =
            live_reverts(later, &commit.oid, &commit.message.header).into_iter().cloned().collect();
        let mut places = Vec::new();
        for (title, item, known) in &self.cells {
            let there = whereabouts::there(item, known, &commit.oid, repo, config)?;
            let mut taken_back = None;
            for revert in &reverts {
                if let There::Yes { .. } = whereabouts::there(item, known, &revert.oid, repo, config)? {
                    taken_back = Some(revert.clone());
                }
            }
            let version = item.recorded.as_ref().map(|recorded| recorded.version.clone());
            places.push((title.clone(), version.unwrap_or_default(), there, taken_back));
        }
        Ok(Found { commit, tag, reverts, places })
    }
}

impl Found {
    fn lines(&self, now: i64) -> Vec<String> {
        let tag = self.tag.as_ref().map(|tag| format!("{}  ", text::line(tag))).unwrap_or_default();
        let header = text::line(&self.commit.message.header);
        let mut lines = vec![format!("{}  {tag}{header}", text::short(&self.commit.oid))];
        lines.extend(self.reverts.iter().map(|revert| format!("reverted by {}", named(revert))));
        let titles = self.places.iter().map(|(title, ..)| text::line(title).chars().count());
        let width = titles.max().unwrap_or(0);
        for (title, version, there, taken_back) in &self.places {
            let back =
                taken_back.as_ref().map(|revert| format!(", taken back by {}", text::short(&revert.oid)));
            let words = in_words(there, version, now);
            lines.push(format!("{:<width$}  {words}{}", text::line(title), back.unwrap_or_default()));
        }
        if self.places.is_empty() {
            lines.push("nothing is recorded".to_owned());
        }
        lines
    }

    fn document(&self) -> Value {
        let places = self.places.iter().map(|(title, version, there, taken_back)| {
            let mut place = json!({ "environment": title, "version": version });
            if let (Value::Object(place), Value::Object(facts)) = (&mut place, json!(there)) {
                place.extend(facts);
                place.insert("taken_back_by".to_owned(), json!(taken_back.as_ref().map(|c| &c.oid)));
            }
            place
        });
        json!({
            "sha": self.commit.oid,
            "tag": self.tag,
            "header": self.commit.message.header,
            "reverted_by": self.reverts.iter().map(|commit| &commit.oid).collect::<Vec<_>>(),
            "environments": places.collect::<Vec<_>>(),
        })
    }
}

fn named(commit: &Commit) -> String {
    format!("{}  {}", text::short(&commit.oid), text::line(&commit.message.header))
}

/// `since 2025-10-10 08:45:12 UTC  (9 d)  deployment 41, 3 min 12 s, run 8812`
fn in_words(there: &There, version: &str, now: i64) -> String {
    let version = text::line(version);
    match there {
        There::Never => "–".to_owned(),
        There::No { before: false } => format!("not there: {version}"),
        There::No { before: true } => format!("not there any more: {version}"),
        There::Unknown { sha: Some(sha) } => {
            let sha = text::line(text::short(sha));
            format!("unknown: {version}, {sha} is not in this clone, run git fetch")
        }
        There::Unknown { sha: None } => format!("unknown: {version}, without a commit or a tag"),
        There::Yes { since: None } => format!("as part of {version}"),
        There::Yes { since: Some(since) } => {
            let at = Timestamp::from_millisecond(since.at).unwrap_or_default();
            let time = at.strftime("%Y-%m-%d %H:%M:%S UTC");
            let earlier = if since.or_earlier { " or earlier" } else { "" };
            let age = span::age(now - since.at);
            if since.version != *version {
                return format!("since {time}{earlier}  ({age})  now as part of {version}");
            }
            let mut facts = vec![format!("deployment {}", since.deployment)];
            facts.extend(since.duration.map(span::took));
            facts.extend(since.run_url.as_deref().and_then(run_number).map(|run| format!("run {run}")));
            format!("since {time}{earlier}  ({age})  {}", facts.join(", "))
        }
    }
}

/// The number in the address of a CI run, as `/runs/8812/` has it.
fn run_number(url: &str) -> Option<String> {
    let digits: String = url.split("/runs/").nth(1)?.chars().take_while(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty())
}
