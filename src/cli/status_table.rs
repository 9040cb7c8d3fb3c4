//! The table of `status`: a row per app, a column per environment, at most 80 characters wide where the words
//! allow it. Every text that enters is made harmless here.

use crate::deploy::board::Local;
use crate::deploy::observe::Seen;
use crate::domain::deployment::{Current, State};
use crate::domain::intended::{Intended, Standing};
use crate::domain::verdict::Verdict;
use crate::domain::{span, text};
use crate::ui::{Tone, Ui};

/// The width that a table keeps to: further columns go below.
const WIDTH: usize = 80;
/// Between two columns.
const GAP: &str = "  ";

/// One app on one environment: a few short lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell(Vec<(Tone, String)>);

impl Cell {
    /// Never deployed.
    pub(super) fn empty() -> Self {
        Self(vec![(Tone::Dim, "–".to_owned())])
    }

    /// What is recorded, how old it is, what happened since, and how local stands to it; `now` in
    /// milliseconds since 1970.
    pub(super) fn of(item: &Current, local: Option<&Local>, seen: Option<&Seen>, now: i64) -> Self {
        let mut lines = Vec::new();
        match &item.recorded {
            None => lines.push((Tone::Dim, "–".to_owned())),
            Some(recorded) => {
                let sha = recorded.sha.as_deref().map(|sha| format!("  {}", text::line(text::short(sha))));
                let version = text::line(&recorded.version);
                lines.push((Tone::Strong, format!("{version}{}", sha.unwrap_or_default())));
                let age = now - recorded.finished_at.unwrap_or(recorded.started_at);
                lines.push(match seen {
                    None => (Tone::Plain, span::age(age)),
                    Some(seen) => {
                        (tone_of(seen.verdict), format!("{}, {}", span::age(age), seen.words(false)))
                    }
                });
            }
        }
        let newest = &item.newest;
        if item.recorded.as_ref().is_none_or(|recorded| recorded.id != newest.id) {
            let age = span::age(now - newest.finished_at.unwrap_or(newest.started_at));
            let tone = match newest.state {
                State::Failed | State::TimedOut => Tone::Bad,
                State::Succeeded => Tone::Plain,
                _ => Tone::Caution,
            };
            let (version, status) = (text::line(&newest.version), text::line(&newest.status));
            lines.push((tone, format!("{version} {status}, {age}")));
        }
        lines.extend(local.map(|local| (Tone::Plain, in_words(local))));
        Self(lines)
    }

    /// The same with how it stands to the release that should be there; where that is it, nothing is said.
    pub(super) fn with(mut self, intended: Option<&Intended>) -> Self {
        let words =
            intended.and_then(|intended| Some((tone_of_standing(intended.standing)?, intended.words()?)));
        self.0.extend(words);
        self
    }

    fn width(&self) -> usize {
        self.0.iter().map(|(_, line)| line.chars().count()).max().unwrap_or(0)
    }
}

fn tone_of(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Confirmed => Tone::Good,
        Verdict::Drift | Verdict::Unreported | Verdict::Stuck | Verdict::Held => Tone::Bad,
        Verdict::Failed => Tone::Plain,
        Verdict::Unverified => Tone::Caution,
    }
}

fn tone_of_standing(standing: Standing) -> Option<Tone> {
    match standing {
        Standing::Empty | Standing::InSync | Standing::Unknown => None,
        Standing::Ahead { .. } => Some(Tone::Plain),
        Standing::Behind { .. } | Standing::Diverged { .. } => Some(Tone::Caution),
    }
}

fn in_words(local: &Local) -> String {
    match local {
        Local::Same => "local is the same".to_owned(),
        Local::Ahead { ahead } => format!("local is {ahead} ahead"),
        Local::Behind { behind } => format!("local is {behind} behind"),
        Local::Diverged { ahead, behind } => format!("DIVERGED: {ahead} ahead, {behind} behind"),
        Local::Unknown { .. } => "local is unknown".to_owned(),
    }
}

/// Rows under titles.
#[derive(Debug)]
pub(super) struct Table {
    titles: Vec<String>,
    rows: Vec<(String, Vec<Cell>)>,
}

impl Table {
    pub(super) fn new<'a>(titles: impl Iterator<Item = &'a str>) -> Self {
        Self { titles: titles.map(text::line).collect(), rows: Vec::new() }
    }

    /// Adds the row of an app, with a cell per title.
    pub(super) fn row(&mut self, app: &str, cells: Vec<Cell>) {
        self.rows.push((text::line(app), cells));
    }

    /// A row without columns, aligned with the others.
    pub(super) fn foot(&self, name: &str, words: &str) -> String {
        format!("{name:<width$}{GAP}{words}", width = self.first_width())
    }

    fn first_width(&self) -> usize {
        let names = self.rows.iter().map(|(app, _)| app.chars().count());
        names.chain(["local".len()]).max().unwrap_or(0)
    }

    fn column_width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|(_, cells)| cells.get(column)).map(Cell::width);
        cells.chain(self.titles.get(column).map(|title| title.chars().count())).max().unwrap_or(0)
    }

    /// The lines of the table; columns that do not fit stand in a block of their own below.
    pub(super) fn render(&self, ui: Ui) -> Vec<String> {
        let mut lines = Vec::new();
        for block in self.blocks() {
            let mut head = vec![(Tone::Dim, "APP")];
            head.extend(block.iter().filter_map(|at| self.titles.get(*at)).map(|t| (Tone::Dim, t.as_str())));
            lines.push(self.line(ui, &block, &head));
            for (app, cells) in &self.rows {
                let cells: Vec<&Cell> = block.iter().filter_map(|at| cells.get(*at)).collect();
                let height = cells.iter().map(|cell| cell.0.len()).max().unwrap_or(1);
                for level in 0..height {
                    let name = if level == 0 { app.as_str() } else { "" };
                    let part = |cell: &&'_ Cell| {
                        cell.0.get(level).map_or((Tone::Plain, String::new()), Clone::clone)
                    };
                    let parts: Vec<(Tone, String)> = cells.iter().map(part).collect();
                    let mut texts = vec![(Tone::Plain, name)];
                    texts.extend(parts.iter().map(|(tone, line)| (*tone, line.as_str())));
                    lines.push(self.line(ui, &block, &texts));
                }
            }
        }
        lines
    }

    fn line(&self, ui: Ui, block: &[usize], texts: &[(Tone, &str)]) -> String {
        let widths =
            std::iter::once(self.first_width()).chain(block.iter().map(|column| self.column_width(*column)));
        let mut line = String::new();
        let mut owed = 0;
        for ((tone, words), width) in texts.iter().zip(widths) {
            if !words.is_empty() {
                // Padding comes before the next word, so that no line ends in blanks.
                line.push_str(&" ".repeat(owed));
                line.push_str(&ui.out(*tone, words));
                owed = 0;
            }
            owed += width.saturating_sub(words.chars().count()) + GAP.len();
        }
        line
    }

    fn blocks(&self) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        let mut used = WIDTH;
        for column in 0..self.titles.len() {
            let width = GAP.len() + self.column_width(column);
            match blocks.last_mut() {
                Some(block) if used + width <= WIDTH => {
                    block.push(column);
                    used += width;
                }
                _ => {
                    blocks.push(vec![column]);
                    used = self.first_width() + width;
                }
            }
        }
        if blocks.is_empty() { vec![Vec::new()] } else { blocks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::Attempt;
    use crate::ui::Streams;

    fn ui() -> Ui {
        Ui { json: false, quiet: false, verbose: false, color: Streams::default() }
    }

    fn attempt(id: i64, version: &str, state: State) -> Attempt {
        Attempt {
            id,
            version: version.to_owned(),
            state,
            status: state.v1_word().to_owned(),
            sha: Some("764c119aaaaaaaaa".to_owned()),
            actor: None,
            started_at: 0,
            finished_at: Some(1000),
        }
    }

    fn item(recorded: Option<Attempt>, newest: Attempt) -> Current {
        let name = || "production".to_owned();
        Current { app: name(), workload: name(), platform: name(), environment: name(), recorded, newest }
    }

    #[test]
    fn columns_line_up_and_no_line_ends_in_blanks() {
        let good = attempt(1, "1.0.1", State::Succeeded);
        let failed = item(Some(good.clone()), attempt(2, "1.1.0", State::Failed));
        let mut table = Table::new(["dev", "production"].into_iter());
        table.row(
            "helpdesk",
            vec![
                Cell::of(&failed, Some(&Local::Diverged { ahead: 3, behind: 2 }), None, 61_000),
                Cell::of(&item(Some(good.clone()), good), Some(&Local::Ahead { ahead: 17 }), None, 61_000),
            ],
        );
        table.row("worker", vec![Cell::empty(), Cell::empty()]);
        assert_eq!(
            table.render(ui()),
            [
                "APP       dev                          production",
                "helpdesk  1.0.1  764c119               1.0.1  764c119",
                "          1 min                        1 min",
                "          1.1.0 failed, 1 min          local is 17 ahead",
                "          DIVERGED: 3 ahead, 2 behind",
                "worker    –                            –",
            ]
        );
        assert_eq!(table.foot("local", "1.2.0"), "local     1.2.0");
    }

    #[test]
    fn what_does_not_fit_stands_below() {
        let titles = ["a", "b", "c", "d", "e"].map(|name| name.repeat(20));
        let mut table = Table::new(titles.iter().map(String::as_str));
        table.row("app", vec![Cell::empty(); 5]);
        let lines = table.render(ui());
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
    }

    #[test]
    fn hostile_words_are_shown_and_not_obeyed() {
        let bad = attempt(1, "1\u{1b}[2J", State::Unknown);
        let Cell(lines) = Cell::of(&item(None, bad), None, None, 1_000);
        assert_eq!(lines[1].1, "1\\u{1b}[2J unknown, 0 s");
    }
}
