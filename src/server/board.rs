//! The view of the board: a row per app, a column per environment, and a sentence for who reads no tables.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::notice::{self, Notice};
use super::when::When;
use crate::domain::deployment::{Attempt, Current, State};
use crate::domain::hold::Hold;
use crate::domain::settings::{App, Environment, Settings};
use crate::domain::text;
use crate::domain::tier::{Rank, Tier};

#[derive(Debug, Serialize)]
pub(super) struct Board {
    sentence: String,
    summary: String,
    /// When the page was made.
    read_at: When,
    columns: Vec<Column>,
    /// More columns than a laptop shows at their full width.
    many: bool,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Column {
    environment: String,
    /// Given where it is not simply the environment's own name.
    platform: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    app: String,
    /// The team, where it is not the app itself.
    team: Option<String>,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    environment: String,
    platform: Option<String>,
    main: Option<Shown>,
    /// The newest attempt, where it is not the one that is live.
    newest: Option<Shown>,
    /// What else is seen running there.
    seen: Option<notice::Shown>,
    /// What is held there.
    holds: Vec<String>,
}

/// An attempt in words.
#[derive(Debug, Serialize)]
struct Shown {
    version: String,
    live: bool,
    tone: &'static str,
    word: String,
    when: When,
    who: Option<String>,
}

/// As many columns as keep their room on a screen of 1280 px.
const ROOMY: usize = 5;

/// Where a column stands: what has a position comes first, then the tiers in their order, then the names of environment
/// and platform.
type Key<'a> = (i64, Tier, &'a str, &'a str);

/// What was said of apps and environments, by their names.
struct Said<'a> {
    apps: BTreeMap<&'a str, &'a App>,
    /// By platform and name.
    environments: BTreeMap<(&'a str, &'a str), &'a Environment>,
}

impl<'a> Said<'a> {
    fn of(Settings { apps, environments }: &'a Settings) -> Self {
        let place = |said: &'a Environment| ((said.platform.as_str(), said.name.as_str()), said);
        Self {
            apps: apps.iter().map(|app| (app.name.as_str(), app)).collect(),
            environments: environments.iter().map(place).collect(),
        }
    }

    fn key<'k>(&self, platform: &'k str, environment: &'k str) -> Key<'k> {
        let said = self.environments.get(&(platform, environment));
        let position = said.and_then(|said| said.settings.position).unwrap_or(i64::MAX);
        let tier = said.and_then(|said| said.settings.tier);
        (position, Rank::of(tier, platform, environment).tier, environment, platform)
    }

    fn is_archived(&self, app: &str) -> bool {
        self.apps.get(app).is_some_and(|said| said.settings.archived)
    }

    fn team(&self, app: &str) -> Option<&'a str> {
        self.apps.get(app).and_then(|said| said.settings.team.as_deref())
    }
}

impl Board {
    /// The board of these cells as it stands at `now`.
    pub(super) fn of(
        cells: &[Current],
        notices: &[Notice],
        holds: &[Hold],
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        let said = Said::of(settings);
        let cells: Vec<&Current> = cells.iter().filter(|cell| !said.is_archived(&cell.app)).collect();
        let notices: Vec<&Notice> = notices.iter().filter(|notice| !said.is_archived(&notice.app)).collect();
        let seen = notices.iter().map(|notice| said.key(&notice.platform, &notice.environment));
        let mut keys: Vec<Key> =
            cells.iter().map(|cell| said.key(&cell.platform, &cell.environment)).chain(seen).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut apps: BTreeMap<&str, Vec<&Current>> = BTreeMap::new();
        for cell in &cells {
            apps.entry(&cell.app).or_default().push(cell);
        }
        for notice in &notices {
            apps.entry(&notice.app).or_default();
        }
        let mut apps: Vec<_> = apps.into_iter().collect();
        // A stable sort: rows that need attention come first, and each group stays in order of its names.
        let alarmed: BTreeSet<&str> =
            notices.iter().filter(|notice| notice.is_alarm()).map(|notice| notice.app.as_str()).collect();
        apps.sort_by_key(|(app, cells)| {
            !alarmed.contains(app) && !cells.iter().any(|cell| needs_attention(&cell.newest))
        });
        Self {
            sentence: first_words(&cells, &notices),
            summary: summary(&cells, apps.len(), keys.len(), now),
            read_at: When::at(now.as_millisecond(), now, true),
            columns: keys.iter().map(column).collect(),
            many: keys.len() > ROOMY,
            rows: apps
                .iter()
                .map(|(app, cells)| row((app, said.team(app)), cells, &keys, (&notices, holds), now))
                .collect(),
        }
    }

    /// The page's title: what matters first, since a tab shows only its beginning.
    pub(super) fn title(&self) -> String {
        self.sentence.trim_end_matches('.').to_owned()
    }
}

fn column((_, _, environment, platform): &Key) -> Column {
    let platform = (platform != environment).then(|| text::page(platform));
    Column { environment: text::page(environment), platform }
}

fn row(
    (app, team): (&str, Option<&str>),
    cells: &[&Current],
    keys: &[Key],
    (notices, holds): (&[&Notice], &[Hold]),
    now: Timestamp,
) -> Row {
    let workload = || cells.first().map(|cell| cell.workload.as_str());
    let team = team.or_else(workload).filter(|team| *team != app);
    let notices: Vec<&&Notice> = notices.iter().filter(|notice| notice.app == app).collect();
    let cell = |wanted: &Key| {
        let (_, _, name, on) = *wanted;
        let found =
            cells.iter().find(|cell| (cell.environment.as_str(), cell.platform.as_str()) == (name, on));
        let Column { environment, platform } = column(wanted);
        let (main, newest) = found.map_or((None, None), |found| shown_of(found, now));
        let holds = found.map_or_else(Vec::new, |found| held(found, holds, now));
        let seen = notices
            .iter()
            .find(|notice| (notice.environment.as_str(), notice.platform.as_str()) == (name, on))
            .map(|notice| notice.shown(now));
        Cell { environment, platform, main, newest, seen, holds }
    };
    Row { app: text::page(app), team: team.map(text::page), cells: keys.iter().map(cell).collect() }
}

/// What holds there now, oldest first: the version that is live, or everything.
fn held(cell: &Current, holds: &[Hold], now: Timestamp) -> Vec<String> {
    let binds = |hold: &&Hold| hold.is_active(now.as_millisecond()) && hold.binds(cell);
    let words = |hold: &Hold| text::page(&format!("{}{}", hold.done(), hold.because(None)));
    holds.iter().rev().filter(binds).map(words).collect()
}

/// What is live, or else the newest attempt; and the newest attempt where it is another.
fn shown_of(current: &Current, now: Timestamp) -> (Option<Shown>, Option<Shown>) {
    let main = current.recorded.as_ref().unwrap_or(&current.newest);
    let other = main.id != current.newest.id && current.newest.state != State::Superseded;
    (Some(shown(main, now)), other.then(|| shown(&current.newest, now)))
}

fn shown(attempt: &Attempt, now: Timestamp) -> Shown {
    let over = attempt.state.is_final();
    Shown {
        version: text::page(&attempt.version),
        live: attempt.state == State::Succeeded,
        tone: tone(attempt.state),
        word: word(attempt),
        when: When::at(attempt.finished_at.unwrap_or(attempt.started_at), now, over),
        who: attempt.actor.as_deref().map(text::page),
    }
}

/// The word of a state; a v1 word that has no meaning of ours is shown as it is.
fn word(attempt: &Attempt) -> String {
    match attempt.state {
        State::Queued => "waiting".to_owned(),
        State::Succeeded => "live".to_owned(),
        State::TimedOut => "timed out".to_owned(),
        State::RolledBack => "rolled back".to_owned(),
        State::Unknown => text::page(&attempt.status),
        other => other.word().to_owned(),
    }
}

/// The class that gives a state its colour and its icon.
fn tone(state: State) -> &'static str {
    match state {
        State::Succeeded => "ok",
        State::Queued => "wait",
        State::Running => "run",
        State::Failed => "bad",
        State::TimedOut => "late",
        State::RolledBack => "back",
        State::Unknown => "odd",
        State::Cancelled | State::Superseded | State::Decommissioned => "off",
    }
}

fn succeeded(attempt: &Attempt) -> bool {
    matches!(attempt.state, State::Succeeded | State::Superseded)
}

fn needs_attention(attempt: &Attempt) -> bool {
    matches!(attempt.state, State::Failed | State::TimedOut)
}

/// What matters most: what failed or is under way, and what runs without a record.
fn first_words(cells: &[&Current], notices: &[&Notice]) -> String {
    let alarms: Vec<_> = notices.iter().filter(|notice| notice.is_alarm()).collect();
    let alarm = match alarms.as_slice() {
        [] => return sentence(cells),
        [one] => one.sentence(),
        many => format!("{} places run something else than what is recorded.", many.len()),
    };
    let calm = cells.iter().all(|cell| !needs_attention(&cell.newest) && cell.newest.state.is_final());
    if calm { alarm } else { format!("{} {alarm}", sentence(cells)) }
}

fn sentence(cells: &[&Current]) -> String {
    let failed: Vec<_> = cells.iter().filter(|cell| needs_attention(&cell.newest)).collect();
    let running = cells.iter().filter(|cell| !cell.newest.state.is_final()).count();
    let going = match running {
        0 => String::new(),
        1 => "1 deployment is under way".to_owned(),
        more => format!("{more} deployments are under way"),
    };
    match (failed.as_slice(), running) {
        _ if cells.is_empty() => "Nothing has been deployed yet.".to_owned(),
        ([], 0) if cells.iter().all(|cell| succeeded(&cell.newest)) => "Everything is live.".to_owned(),
        ([], 0) => "Nothing has failed, and nothing is under way.".to_owned(),
        ([], _) => format!("{going}, nothing has failed."),
        ([one], _) => {
            let going = if running == 0 { going } else { format!("; {going}") };
            format!(
                "{} {} failed on {}{going}.",
                text::page(&one.app),
                text::page(&one.newest.version),
                text::page(&one.environment)
            )
        }
        (many, 0) => format!("{} deployments failed.", many.len()),
        (many, 1) => format!("{} deployments failed, 1 is under way.", many.len()),
        (many, more) => format!("{} deployments failed, {more} are under way.", many.len()),
    }
}

fn summary(cells: &[&Current], apps: usize, environments: usize, now: Timestamp) -> String {
    let last = cells.iter().max_by_key(|cell| (changed(&cell.newest), cell.newest.id));
    let Some(last) = last else { return String::new() };
    let count = |number: usize, one: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
    };
    format!(
        "{} on {}. The last change was {} {} on {}, {}.",
        count(apps, "app"),
        count(environments, "environment"),
        text::page(&last.app),
        text::page(&last.newest.version),
        text::page(&last.environment),
        When::at(changed(&last.newest), now, true).relative
    )
}

fn changed(attempt: &Attempt) -> i64 {
    attempt.finished_at.unwrap_or(attempt.started_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hold::HoldKind;
    use crate::domain::settings::{AppSettings, EnvironmentSettings};

    fn attempt(id: i64, version: &str, state: State) -> Attempt {
        Attempt {
            id,
            version: version.to_owned(),
            state,
            status: state.v1_word().to_owned(),
            sha: None,
            actor: None,
            started_at: id * 1_000,
            finished_at: state.is_final().then_some(id * 1_000),
        }
    }

    fn cell(app: &str, environment: &str, recorded: Option<Attempt>, newest: Attempt) -> Current {
        Current {
            app: app.to_owned(),
            workload: app.to_owned(),
            platform: environment.to_owned(),
            environment: environment.to_owned(),
            recorded,
            newest,
        }
    }

    fn live(app: &str, environment: &str) -> Current {
        let attempt = attempt(1, "1.0.0", State::Succeeded);
        cell(app, environment, Some(attempt.clone()), attempt)
    }

    fn now() -> Timestamp {
        Timestamp::from_second(400).unwrap()
    }

    fn board(cells: &[Current], holds: &[Hold]) -> Board {
        Board::of(cells, &[], holds, &Settings::default(), now())
    }

    #[test]
    fn what_was_said_orders_the_columns_names_the_team_and_hides_the_archived() {
        let said = |archived, team: &str| AppSettings {
            archived,
            team: Some(team.to_owned()),
            ..AppSettings::default()
        };
        let app = |name: &str, settings: AppSettings| {
            App::of(name.to_owned(), settings.clone(), settings.archived.then_some(1), None, 1)
        };
        let environment = |name: &str, tier, position| Environment {
            platform: name.to_owned(),
            name: name.to_owned(),
            settings: EnvironmentSettings { tier, position, ..EnvironmentSettings::default() },
            last_change_at: None,
            revision: 1,
        };
        let settings = Settings {
            apps: vec![app("a", said(false, "support")), app("b", said(true, "support"))],
            environments: vec![
                environment("production", None, Some(2)),
                environment("moon", Some(Tier::Testing), None),
                environment("earth", None, Some(1)),
            ],
        };
        let cells = ["dev", "moon", "earth", "production", "staging"].map(|name| live("a", name));
        let all = [&cells[..], &[live("b", "gone")]].concat();
        let board = Board::of(&all, &[], &[], &settings, now());
        let names: Vec<_> = board.columns.iter().map(|column| column.environment.as_str()).collect();
        assert_eq!(names, ["earth", "production", "dev", "moon", "staging"]);
        assert_eq!((board.rows.len(), board.rows[0].team.as_deref()), (1, Some("support")));
        assert!(board.summary.starts_with("1 app on 5 environments."), "{}", board.summary);
    }

    #[test]
    fn columns_go_from_development_to_production() {
        let cells = ["production", "dev", "preproduction", "test", "qa"].map(|name| live("a", name));
        let board = board(&cells, &[]);
        let names: Vec<_> = board.columns.iter().map(|column| column.environment.as_str()).collect();
        assert_eq!(names, ["dev", "qa", "test", "preproduction", "production"]);
        assert_eq!(board.sentence, "Everything is live.");
    }

    #[test]
    fn what_is_held_is_shown_where_it_holds() {
        let hold = |kind, version: &str, environment: Option<&str>| Hold {
            version: Some(version.to_owned()),
            environment: environment.map(str::to_owned),
            ..Hold::of(kind)
        };
        let holds = [
            hold(HoldKind::Freeze, "", Some("qa")),
            hold(HoldKind::Hold, "9.9.9", None),
            hold(HoldKind::Hold, "1.0.0", None),
        ];
        let board = board(&[live("a", "dev"), live("a", "qa")], &holds);
        let shown: Vec<_> = board.rows[0].cells.iter().map(|cell| cell.holds.clone()).collect();
        let bad = "marked bad by ben: broken".to_owned();
        assert!(shown[0].len() == 1 && shown[0][0].starts_with(&bad), "{shown:?}");
        assert!(shown[1].len() == 2 && shown[1][1].starts_with("frozen by ben: broken"), "{shown:?}");
    }

    #[test]
    fn a_word_without_a_meaning_is_not_called_live() {
        let odd = cell("a", "dev", None, attempt(1, "1.0.0", State::Unknown));
        assert_eq!(board(&[odd], &[]).sentence, "Nothing has failed, and nothing is under way.");
    }

    #[test]
    fn what_failed_is_shown_beside_what_is_live_and_comes_first() {
        let good = attempt(1, "1.2.0", State::Succeeded);
        let broken = cell("z", "dev", Some(good), attempt(100, "1.3.0", State::Failed));
        let board = board(&[live("a", "dev"), broken], &[]);
        assert_eq!(board.sentence, "z 1.3.0 failed on dev.");
        assert_eq!(board.rows[0].app, "z");
        let cell = &board.rows[0].cells[0];
        let (main, newest) = (cell.main.as_ref().unwrap(), cell.newest.as_ref().unwrap());
        assert_eq!((main.version.as_str(), main.word.as_str(), main.tone), ("1.2.0", "live", "ok"));
        assert_eq!((newest.version.as_str(), newest.word.as_str(), newest.tone), ("1.3.0", "failed", "bad"));
        assert_eq!(newest.when.relative, "5 min ago");
    }
}
