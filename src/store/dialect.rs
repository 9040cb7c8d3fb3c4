//! What differs between the engines, as constants: each text of `sql.rs` may hold words in braces, and each
//! engine has its own meaning for them.

mod rows;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use self::rows::{array, placeholders, repeated, unnested};
use super::db::Value;
use super::sql;

/// Which engine a database is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

/// A word in braces and its meaning. A meaning may hold words that stand later in the list.
type Words = &'static [(&'static str, &'static str)];

/// The most rows of one text. 64 operations are written together, each with one or two events.
const MOST_ROWS: usize = 128;

/// How many patterns limit apps, platforms and environments; where there are none every name fits.
pub(super) type Shape = [usize; 3];

/// No limits, and no values before them.
const NOT_WITHIN: (Shape, usize) = ([0; 3], 1);

/// Which rows of v1 a reader may see. v1 knows no app but the workload; who reported by v2 may have named another.
const WITHIN_ROW: (&str, &str) = (
    "{within_row}",
    "{within COALESCE((SELECT a.app FROM sm_deployment a WHERE a.versions_id = versions.versions_id), \
     versions.workload); versions.platform; versions.environment}",
);

/// The nine columns of v1, by name.
const ROW: (&str, &str) = (
    "{row}",
    "versions_id, workload, platform, environment, version, COALESCE(changelog_url, '') AS changelog_url, \
     COALESCE(raw, '') AS raw, status, {date} AS date",
);

/// An attempt as the rules need it.
const KNOWN: (&str, &str) = (
    "{known}",
    "d.versions_id, d.app, v.workload, d.platform, d.environment, v.version, d.state, d.seq, d.request_hash, \
     d.started_at, d.finished_at",
);

/// An attempt as the history shows it.
const PAST: (&str, &str) = (
    "{past}",
    "d.versions_id, d.app, v.workload, d.platform, d.environment, v.version, d.state, v.status, d.sha, d.ref, \
     d.dirty, d.actor, d.run_url, COALESCE(v.changelog_url, '') AS changelog_url, d.duration, d.started_at, \
     d.finished_at, d.kind, d.reason, d.rollback_of, d.group_id, d.digest, d.failed_in_use",
);

/// An event with its place in the chain.
const EVENT: (&str, &str) = (
    "{event}",
    "e.event_key, e.versions_id, e.seq, e.from_state, e.to_state, e.actor, e.source, e.note, e.forced, \
     e.clock_skew, e.late, e.at, e.received_at, e.request_hash, e.chain, e.hash",
);

/// What was seen running.
const SEEN: (&str, &str) = (
    "{seen}",
    "o.id AS o_id, o.version AS o_version, o.sha AS o_sha, o.digest AS o_digest, o.started_at AS o_started, \
     o.first_at AS o_first, o.seen_at AS o_seen, o.known AS o_known",
);

/// What is asked at a place.
const PROBE: (&str, &str) = (
    "{probe}",
    "app, platform, environment, url, version_path, commit_path, environment_path, pause, due_at, probed_at, problem",
);

/// What the history may be filtered by beside the place; a filter that is null lets everything through.
const FILTERS: (&str, &str) = (
    "{filters}",
    "($7 IS NULL OR {team}) AND ($8 IS NULL OR d.state = $8) AND ($9 IS NULL OR {of_version}) \
     AND ($10 IS NULL OR SUBSTR(d.sha, 1, LENGTH($10)) = $10) AND ($11 IS NULL OR d.actor = $11) \
     AND ($12 IS NULL OR d.kind = $12) AND ($13 IS NULL OR d.started_at >= $13) \
     AND ($14 IS NULL OR d.started_at < $14) AND ($15 IS NULL OR {instr}(d.app, $15) > 0 \
     OR {instr}(d.environment, $15) > 0 OR {instr}(v.version, $15) > 0 OR {instr}(COALESCE(d.sha, ''), $15) > 0 \
     OR {instr}(COALESCE(d.ref, ''), $15) > 0 OR {instr}(COALESCE(d.actor, ''), $15) > 0 \
     OR {instr}(COALESCE(d.reason, ''), $15) > 0)",
);

const PLACE: (&str, &str) = ("{place}", "workload = $1 AND platform = $2 AND environment = $3");
const PAIR: (&str, &str) = ("{pair}", "workload = $1 AND platform = $2");
const VERSION: (&str, &str) = ("{version}", "version = $4");
const GOOD: (&str, &str) = ("{good}", "status IN ('deployed', 'completed')");
const HELD: (&str, &str) =
    ("{held}", "ON CONFLICT (app, platform, environment) DO UPDATE SET at = sm_current.at");
const CELLS: (&str, &str) = (
    "{cells}",
    "ON CONFLICT (app, platform, environment) DO UPDATE SET versions_id = excluded.versions_id, \
     last_good_id = excluded.last_good_id, at = excluded.at, chain = excluded.chain, \
     chain_hash = excluded.chain_hash",
);
const VALUES: (&str, &str) = ("{values}", "VALUES ");

/// Dates are texts, and texts are compared and sorted by their bytes.
const SQLITE: Words = &[
    WITHIN_ROW,
    ROW,
    KNOWN,
    PAST,
    EVENT,
    SEEN,
    PROBE,
    FILTERS,
    PLACE,
    PAIR,
    VERSION,
    GOOD,
    HELD,
    CELLS,
    VALUES,
    ("{team}", "v.workload = $7"),
    ("{of_version}", "v.version = $9"),
    ("{instr}", "INSTR"),
    ("{date}", "date"),
    ("{day}", "substr(date, 1, 10)"),
    ("{stamp}", "$8"),
    ("{since}", "$1"),
    ("{workload}", "workload"),
    ("{platform}", "platform"),
    ("{environment}", "environment"),
    ("{status}", "status"),
];

/// Texts are equal only byte for byte, but sorted by the collation of the database.
const POSTGRES: Words = &[
    WITHIN_ROW,
    ROW,
    KNOWN,
    PAST,
    EVENT,
    SEEN,
    PROBE,
    FILTERS,
    PLACE,
    PAIR,
    VERSION,
    GOOD,
    HELD,
    CELLS,
    VALUES,
    ("{team}", "v.workload = $7"),
    ("{of_version}", "v.version = $9"),
    ("{instr}", "STRPOS"),
    ("{date}", "to_char(date, 'YYYY-MM-DD HH24:MI:SS.US')"),
    ("{day}", "to_char(date, 'YYYY-MM-DD')"),
    ("{stamp}", "CAST($8 AS timestamp)"),
    ("{since}", "CAST($1 AS timestamp)"),
    ("{workload}", "workload COLLATE \"C\""),
    ("{platform}", "platform COLLATE \"C\""),
    ("{environment}", "environment COLLATE \"C\""),
    ("{status}", "status COLLATE \"C\""),
    // Numbers that nobody else uses: `ship` and `mark` in ASCII.
    ("{lock}", "SELECT CASE WHEN pg_try_advisory_lock(1936222576, 1835102827) THEN 1 ELSE 0 END AS held"),
    ("{unlock}", "SELECT CASE WHEN pg_advisory_unlock(1936222576, 1835102827) THEN 1 ELSE 0 END AS held"),
    ("{column_name}", "CAST(column_name AS text)"),
    ("{schema}", "current_schema()"),
    ("{go_version}", "CAST(version AS bigint)"),
    (
        "{indexes}",
        "SELECT CAST(c.relname AS text) AS name, CASE WHEN i.indisvalid THEN 1 ELSE 0 END AS good \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = CAST('versions' AS regclass)",
    ),
    (
        "{durability}",
        "SELECT 'fsync ' || current_setting('fsync') || ', synchronous_commit ' || \
         CASE current_setting('synchronous_commit') WHEN 'off' THEN 'off' ELSE 'on' END AS found, \
         'fsync on, synchronous_commit on' AS wanted",
    ),
];

/// The index finds by collation, which ignores blanks at the end and in an adopted table case too; a
/// comparison of the bytes decides.
const MYSQL: Words = &[
    WITHIN_ROW,
    ROW,
    KNOWN,
    PAST,
    EVENT,
    SEEN,
    PROBE,
    FILTERS,
    (
        "{place}",
        "workload = $1 AND platform = $2 AND environment = $3 AND CAST(workload AS BINARY) = CAST($1 AS BINARY) \
         AND CAST(platform AS BINARY) = CAST($2 AS BINARY) \
         AND CAST(environment AS BINARY) = CAST($3 AS BINARY)",
    ),
    (
        "{pair}",
        "workload = $1 AND platform = $2 AND CAST(workload AS BINARY) = CAST($1 AS BINARY) \
         AND CAST(platform AS BINARY) = CAST($2 AS BINARY)",
    ),
    ("{version}", "version = $4 AND CAST(version AS BINARY) = CAST($4 AS BINARY)"),
    ("{good}", "CAST(status AS BINARY) IN ('deployed', 'completed')"),
    ("{held}", "ON DUPLICATE KEY UPDATE at = at"),
    (
        "{cells}",
        "ON DUPLICATE KEY UPDATE versions_id = VALUES(versions_id), last_good_id = VALUES(last_good_id), \
         at = VALUES(at), chain = VALUES(chain), chain_hash = VALUES(chain_hash)",
    ),
    ("{values}", ""),
    ("{team}", "v.workload = $7 AND CAST(v.workload AS BINARY) = CAST($7 AS BINARY)"),
    ("{of_version}", "v.version = $9 AND CAST(v.version AS BINARY) = CAST($9 AS BINARY)"),
    ("{instr}", "INSTR"),
    ("{date}", "DATE_FORMAT(versions.date, '%Y-%m-%d %H:%i:%s')"),
    ("{day}", "DATE_FORMAT(versions.date, '%Y-%m-%d')"),
    ("{stamp}", "$8"),
    ("{since}", "$1"),
    ("{workload}", "CAST(workload AS BINARY)"),
    ("{platform}", "CAST(platform AS BINARY)"),
    ("{environment}", "CAST(environment AS BINARY)"),
    ("{status}", "CAST(status AS BINARY)"),
    // Names of locks are shared by all databases of a server.
    ("{lock}", "SELECT GET_LOCK(CONCAT('shipmark ', MD5(DATABASE())), 0) AS held"),
    ("{unlock}", "SELECT RELEASE_LOCK(CONCAT('shipmark ', MD5(DATABASE()))) AS held"),
    ("{column_name}", "column_name"),
    ("{schema}", "DATABASE()"),
    ("{go_version}", "version"),
    (
        "{indexes}",
        "SELECT DISTINCT index_name AS name, 1 AS good FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND table_name = 'versions'",
    ),
    (
        "{durability}",
        "SELECT CONCAT('innodb_flush_log_at_trx_commit ', @@innodb_flush_log_at_trx_commit) AS found, \
         'innodb_flush_log_at_trx_commit 1' AS wanted",
    ),
];

impl Dialect {
    /// The name that v1's health answer gives.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
            Self::MySql => "mysql",
        }
    }

    /// A text that gives so many ids for rows of v1. MySQL numbers rows only when they are there.
    pub(super) fn next_ids(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some(sql::SQLITE_IDS),
            Self::Postgres => Some(sql::POSTGRES_IDS),
            Self::MySql => None,
        }
    }

    /// The text and the values as the engine takes them: MySQL counts its placeholders and does not number
    /// them, so a value that is used twice goes in twice. SQLite gets it so too, because it looks for a placeholder
    /// with a number in a list of all of them.
    pub(super) fn render(self, text: &str, values: Vec<Value>) -> (Arc<str>, Vec<Value>) {
        self.render_within(text, values, &(Shape::default(), Vec::new()))
    }

    /// The same for a reader whose patterns go in behind the values, where the text says `{within …}`.
    pub(super) fn render_within(
        self,
        text: &str,
        mut values: Vec<Value>,
        (shape, patterns): &(Shape, Vec<Value>),
    ) -> (Arc<str>, Vec<Value>) {
        let first = values.len().saturating_add(1);
        let rendered = self.rendered(text, Rows::One, (*shape, first));
        values.extend_from_slice(patterns);
        rendered.with(values)
    }

    /// The same for a text of one row of values that is made to take several. PostgreSQL gets each column as one array,
    /// so that its text is the same for any number of rows; for the others the row is repeated.
    pub(super) fn render_rows(self, text: &str, rows: &[Vec<Value>]) -> (Arc<str>, Vec<Value>) {
        match (self, rows) {
            (_, [row]) => self.render(text, row.clone()),
            (Self::Postgres, [row, ..]) => {
                let rendered = self.rendered(text, Rows::Columns(row), NOT_WITHIN);
                rendered.with((0..row.len()).map(|at| array(rows, at)).collect())
            }
            _ => self.rendered(text, Rows::Repeated(rows.len()), NOT_WITHIN).with(rows.concat()),
        }
    }

    /// Parts of a list of rows, each for one text. Where a text is for so many rows their numbers are powers of two, so
    /// that the texts are few and stay prepared.
    pub(super) fn chunks<T>(self, mut rows: &[T]) -> impl Iterator<Item = &[T]> {
        std::iter::from_fn(move || {
            let length = match self {
                Self::Postgres => rows.len(),
                Self::Sqlite | Self::MySql => 1 << rows.len().checked_ilog2()?,
            };
            let (chunk, rest) = rows.split_at_checked(length.min(MOST_ROWS))?;
            rows = rest;
            (!chunk.is_empty()).then_some(chunk)
        })
    }

    /// The texts are a few dozen constants and each write needs ten of them, so what an engine makes of one is kept.
    fn rendered(self, text: &str, rows: Rows<'_>, within: (Shape, usize)) -> Arc<Rendered> {
        static KEPT: RwLock<BTreeMap<Key, Arc<Rendered>>> = RwLock::new(BTreeMap::new());
        let key = (self as u8, rows.count(), within.0, text.to_owned());
        if let Some(kept) = KEPT.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(kept);
        }
        let made = Arc::new(self.make(text, rows, within));
        KEPT.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&made));
        made
    }

    fn make(self, text: &str, rows: Rows<'_>, within: (Shape, usize)) -> Rendered {
        let words = match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
            Self::MySql => MYSQL,
        };
        let mut text = text.to_owned();
        for (word, meaning) in words {
            if text.contains(word) {
                text = text.replace(word, meaning);
            }
        }
        text = self.narrowed(&text, within);
        match rows {
            Rows::One => {}
            Rows::Repeated(count) => text = repeated(&text, count),
            Rows::Columns(row) => text = unnested(&text, row),
        }
        if self == Self::Postgres { Rendered { text: text.into(), order: None } } else { counted(&text) }
    }
}

impl Dialect {
    /// The pattern of a name as `fits` takes it. It knows no other sign than `*`, which `Limits` sees to.
    pub(super) fn pattern(self, glob: &str) -> String {
        match self {
            Self::Sqlite => glob.to_owned(),
            Self::Postgres | Self::MySql => {
                let escaped = glob.replace('!', "!!").replace('%', "!%").replace('_', "!_");
                escaped.replace('*', "%")
            }
        }
    }

    /// Whether a column fits the pattern of a placeholder, byte for byte: `LIKE` of SQLite ignores case, and that of
    /// MySQL goes by collation.
    fn fits(self, column: &str, number: usize) -> String {
        match self {
            Self::Sqlite => format!("{column} GLOB ${number}"),
            Self::Postgres => format!("{column} LIKE ${number} ESCAPE '!'"),
            Self::MySql => format!("CAST({column} AS BINARY) LIKE CAST(${number} AS BINARY) ESCAPE '!'"),
        }
    }

    /// The text with each `{within APP; PLATFORM; ENVIRONMENT}` as a condition. `?` before a column lets null through,
    /// which means every name there; `-` stands where a row has no such name.
    fn narrowed(self, text: &str, (shape, first): (Shape, usize)) -> String {
        let mut parts = text.split("{within ");
        let mut made = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (columns, rest) = part.split_once('}').unwrap_or((part, ""));
            let (mut next, mut all) = (first, Vec::new());
            for (column, count) in columns.split("; ").zip(shape) {
                let numbers = next..next.saturating_add(count);
                next = numbers.end;
                if count > 0 && column != "-" {
                    let bare = column.trim_start_matches('?');
                    let null = (bare != column).then(|| format!("{bare} IS NULL"));
                    let fits = null.into_iter().chain(numbers.map(|number| self.fits(bare, number)));
                    all.push(format!("({})", fits.collect::<Vec<_>>().join(" OR ")));
                }
            }
            made.push_str(if all.is_empty() { "1 = 1" } else { "" });
            made.push_str(&all.join(" AND "));
            made.push_str(rest);
        }
        made
    }
}

/// For how many rows of values a text is.
#[derive(Clone, Copy)]
enum Rows<'v> {
    One,
    Repeated(usize),
    /// Any number, with the values of one of them, which tell the types.
    Columns(&'v [Value]),
}

impl Rows<'_> {
    /// What tells the texts of one engine apart.
    fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Repeated(count) => count,
            Self::Columns(_) => 0,
        }
    }
}

/// What a rendered text is kept under: the engine, the number of rows, the numbers of patterns, and the text.
type Key = (u8, usize, Shape, String);

/// A text as an engine takes it.
#[derive(Debug)]
struct Rendered {
    text: Arc<str>,
    /// Which of the values stands at each placeholder, where the engine counts them.
    order: Option<Vec<usize>>,
}

impl Rendered {
    fn with(&self, values: Vec<Value>) -> (Arc<str>, Vec<Value>) {
        let values = match &self.order {
            Some(order) => order.iter().filter_map(|at| values.get(*at)).cloned().collect(),
            None => values,
        };
        (Arc::clone(&self.text), values)
    }
}

fn counted(text: &str) -> Rendered {
    let mut plain = text.split('$').next().unwrap_or_default().to_owned();
    let mut order = Vec::new();
    for (number, rest) in placeholders(text) {
        order.extend(number.and_then(|number| number.checked_sub(1)));
        plain.push('?');
        plain.push_str(rest);
    }
    Rendered { text: plain.into(), order: Some(order) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_value_goes_in_as_often_as_it_is_used() {
        let values = [Value::from("a"), Value::from(7)];
        let (text, used) = Dialect::MySql.render("x = $2 AND y = $1 OR $2", values.to_vec());
        assert_eq!(&*text, "x = ? AND y = ? OR ?");
        assert_eq!(used, [Value::from(7), Value::from("a"), Value::from(7)]);
        let (text, used) = Dialect::Postgres.render("x = $2", values.to_vec());
        assert_eq!((&*text, used.as_slice()), ("x = $2", &values[..]));
    }

    #[test]
    fn the_patterns_of_a_reader_go_in_behind_the_values() {
        let text = "SELECT 1 FROM t WHERE a = $1 AND {within ?a; -; c}";
        let patterns = ["x-*", "y", "never", "d*"].map(Value::from).to_vec();
        let within = ([2, 1, 1], patterns);
        let (made, used) = Dialect::Sqlite.render_within(text, vec![Value::from("v")], &within);
        assert_eq!(
            &*made,
            "SELECT 1 FROM t WHERE a = ? AND (a IS NULL OR a GLOB ? OR a GLOB ?) AND (c GLOB ?)"
        );
        assert_eq!(used, ["v", "x-*", "y", "d*"].map(Value::from));
        let (open, _) = Dialect::Sqlite.render(text, vec![Value::from("v")]);
        assert_eq!(&*open, "SELECT 1 FROM t WHERE a = ? AND 1 = 1");
        assert_eq!(Dialect::MySql.pattern("a_b%c!*"), "a!_b!%c!!%");
    }

    #[test]
    fn every_word_has_a_meaning_on_every_engine() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
            for (word, _) in SQLITE {
                let (text, _) = dialect.render(word, Vec::new());
                assert!(!text.contains('{'), "{dialect:?}: {text}");
            }
        }
    }
}
