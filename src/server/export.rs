//! `GET /api/v2/export.csv` and `.json`: the whole history, or what the filters of the list leave of it, as one file.
//! It is sent page by page, so that neither side holds it; a database that fails breaks the answer off, since a short
//! file would look whole.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::App;
use super::history::{self, FIELDS};
use super::problem::Problem;
use super::question::Question;
use crate::registry::Registry;
use crate::store::Wanted;

/// How many rows are read at once.
const ROWS: i64 = 500;

/// The members that are times; in a table they are written as people read them.
const TIMES: [&str; 2] = ["started_at", "finished_at"];

/// A form that a file can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
}

pub(super) async fn csv(app: App, question: Question) -> Result<Response, Problem> {
    export(&app, &question, Form::Csv)
}

pub(super) async fn json(app: App, question: Question) -> Result<Response, Problem> {
    export(&app, &question, Form::Json)
}

fn export(app: &App, question: &Question, form: Form) -> Result<Response, Problem> {
    let (mut wanted, fields) = history::filter(question)?;
    wanted.limit = ROWS;
    let (kind, name) = match form {
        Form::Csv => ("text/csv; charset=utf-8", "deployments.csv"),
        Form::Json => ("application/json", "deployments.json"),
    };
    let fields = fields.unwrap_or_else(|| FIELDS.map(str::to_owned).to_vec());
    let file =
        File { registry: app.registry.clone(), wanted, fields, form, is_empty: true, next: Next::Beginning };
    let body = Body::from_stream(stream::try_unfold(file, File::part));
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition.as_str())];
    Ok((headers, body).into_response())
}

/// Which part of a file comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Beginning,
    Rows,
    Nothing,
}

/// A file on its way.
struct File {
    registry: Registry,
    wanted: Wanted,
    fields: Vec<String>,
    form: Form,
    /// Whether no row went out yet.
    is_empty: bool,
    next: Next,
}

/// What breaks a file off.
type Broken = Box<dyn std::error::Error + Send + Sync>;

impl File {
    async fn part(mut self) -> Result<Option<(Vec<u8>, Self)>, Broken> {
        let part = match self.next {
            Next::Nothing => return Ok(None),
            Next::Beginning => self.beginning(),
            Next::Rows => self.rows().await,
        };
        let part =
            part.inspect_err(|broken| tracing::error!(cause = broken.to_string(), "an export broke off"))?;
        Ok(Some((part, self)))
    }

    fn beginning(&mut self) -> Result<Vec<u8>, Broken> {
        self.next = Next::Rows;
        match self.form {
            Form::Csv => record(&self.fields),
            Form::Json => Ok(b"[".to_vec()),
        }
    }

    async fn rows(&mut self) -> Result<Vec<u8>, Broken> {
        let items = self.registry.history(&self.wanted).await?;
        let mut part = Vec::new();
        for item in &items {
            self.row(&serde_json::to_value(item)?, &mut part)?;
        }
        self.wanted.before = items.last().map(|last| (last.started_at, last.id));
        if i64::try_from(items.len()).unwrap_or(i64::MAX) < ROWS {
            self.next = Next::Nothing;
            if self.form == Form::Json {
                part.extend(b"\n]\n");
            }
        }
        Ok(part)
    }

    fn row(&mut self, row: &Value, part: &mut Vec<u8>) -> Result<(), Broken> {
        let members = self.fields.iter().map(|name| (name, row.get(name).unwrap_or(&Value::Null)));
        match self.form {
            Form::Csv => part.extend(record(members.map(|(name, value)| cell(name, value)))?),
            Form::Json => {
                let kept: Map<String, Value> =
                    members.map(|(name, value)| (name.clone(), value.clone())).collect();
                part.extend(if self.is_empty { b"\n".as_slice() } else { b",\n" });
                part.extend(Value::Object(kept).to_string().into_bytes());
            }
        }
        self.is_empty = false;
        Ok(())
    }
}

/// One line of a table.
fn record(cells: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Vec<u8>, Broken> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer.into_inner()?)
}

/// A member as a cell. A spreadsheet takes a text for a formula that begins with one of these, and would run it.
fn cell(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        Value::Number(number) if TIMES.contains(&name) => {
            let time = number.as_i64().and_then(|number| Timestamp::from_millisecond(number).ok());
            time.map_or_else(|| number.to_string(), |time| time.to_string())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_runs_no_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(cell("actor", &json!(text)), format!("'{text}"));
        }
        assert_eq!(cell("actor", &json!("a=b")), "a=b");
        assert_eq!(cell("duration", &json!(5)), "5");
        assert_eq!(cell("started_at", &json!(1_500)), "1970-01-01T00:00:01.5Z");
        assert_eq!(cell("finished_at", &Value::Null), "");
    }

    #[test]
    fn a_line_is_quoted_where_it_must_be() {
        let line = |cells: &[&str]| String::from_utf8(record(cells).unwrap()).unwrap();
        assert_eq!(line(&["a", "b,c", "d\"e", "f\ng"]), "a,\"b,c\",\"d\"\"e\",\"f\ng\"\n");
    }
}
