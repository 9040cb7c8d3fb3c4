//! A text of one row of values is made to take several.

use crate::store::db::Value;

/// The parenthesis that begins with the first placeholder, with what stands before and after it.
fn row_of(text: &str) -> Option<(&str, &str, &str)> {
    let (before, row) = text.find("($1").map(|at| text.split_at(at))?;
    let mut depth = 0_i32;
    let closing = row.find(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    let (row, after) = row.split_at(closing.map_or(row.len(), |at| at.saturating_add(1)));
    Some((before, row, after))
}

/// The text for any number of rows: what it does with the values of one it does with those of each row that the arrays
/// make together.
pub(super) fn unnested(text: &str, values: &[Value]) -> String {
    let Some((before, row, after)) = row_of(text) else { return text.to_owned() };
    let before = before.strip_suffix("VALUES ").unwrap_or(before);
    let row = row.strip_prefix('(').and_then(|row| row.strip_suffix(')')).unwrap_or(row);
    let names: Vec<String> = (1..=values.len()).map(|number| format!("c{number}")).collect();
    let arrays = values.iter().zip(1..).map(|(value, number)| match value {
        Value::Int(_) => format!("CAST(${number} AS bigint[])"),
        Value::Text(_) => format!("CAST(${number} AS text[])"),
    });
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let (row, names) = (row.replace('$', "r.c"), names.join(", "));
    format!("{before}SELECT {row} FROM UNNEST({arrays}) AS r ({names}){after}")
}

/// One column of the rows, as PostgreSQL writes an array.
pub(super) fn array(rows: &[Vec<Value>], column: usize) -> Value {
    let mut text = String::from("{");
    for value in rows.iter().filter_map(|row| row.get(column)) {
        if text.len() > 1 {
            text.push(',');
        }
        match value {
            Value::Int(None) | Value::Text(None) => text.push_str("NULL"),
            Value::Int(Some(number)) => text.push_str(&number.to_string()),
            Value::Text(Some(value)) => {
                text.push('"');
                for letter in value.chars() {
                    if matches!(letter, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(letter);
                }
                text.push('"');
            }
        }
    }
    text.push('}');
    Value::from(text)
}

/// The text for several rows: the parenthesis that begins with the first placeholder once for each, with
/// numbers that go on.
pub(super) fn repeated(text: &str, rows: usize) -> String {
    let Some((before, row, after)) = row_of(text) else { return text.to_owned() };
    let width = placeholders(row).filter_map(|(number, _)| number).max().unwrap_or(0);
    let shifted = |by: usize| {
        let first = row.split('$').next().unwrap_or_default().to_owned();
        placeholders(row).fold(first, |text, (number, rest)| {
            let number = number.unwrap_or(0).saturating_add(by.saturating_mul(width));
            format!("{text}${number}{rest}")
        })
    };
    let all: Vec<String> = (0..rows).map(shifted).collect();
    format!("{before}{}{after}", all.join(", "))
}

/// The numbers of the placeholders of a text, each with what stands between it and the next.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = (Option<usize>, &str)> {
    text.split('$').skip(1).map(|piece| {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        (number.parse().ok(), rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dialect::Dialect;

    #[test]
    fn a_text_for_one_row_is_repeated_for_several() {
        let text = "INSERT INTO t (a, b) VALUES ($1, f($2), $1) ON CONFLICT (a) DO NOTHING";
        let rows = [["a", "b"], ["c", "d"]].map(|row| row.map(Value::from).to_vec());
        let (made, used) = Dialect::MySql.render_rows(text, &rows);
        assert_eq!(
            &*made,
            "INSERT INTO t (a, b) VALUES (?, f(?), ?), (?, f(?), ?) ON CONFLICT (a) DO NOTHING"
        );
        assert_eq!(used, ["a", "b", "a", "c", "d", "c"].map(Value::from));
        let (made, _) = Dialect::Sqlite.render_rows("UPDATE t SET a = 1 WHERE b IN (($1))", &rows);
        assert_eq!(&*made, "UPDATE t SET a = 1 WHERE b IN ((?), (?))");
    }

    #[test]
    fn postgresql_gets_several_rows_by_columns() {
        let rows = [vec![Value::from("a"), Value::from(1)], vec![Value::from("\"\\,}"), Value::Int(None)]];
        let text = "INSERT INTO t (a, b, c) VALUES ($1, NULL, f($2)) ON CONFLICT (a) DO NOTHING";
        let (made, used) = Dialect::Postgres.render_rows(text, &rows);
        assert_eq!(
            &*made,
            "INSERT INTO t (a, b, c) SELECT r.c1, NULL, f(r.c2) FROM UNNEST(CAST($1 AS text[]), \
             CAST($2 AS bigint[])) AS r (c1, c2) ON CONFLICT (a) DO NOTHING"
        );
        assert_eq!(used, [r#"{"a","\"\\,}"}"#, "{1,NULL}"].map(Value::from));
        let ids = [7, 8].map(|id| vec![Value::from(id)]);
        let (made, used) = Dialect::Postgres.render_rows("DELETE FROM t WHERE b IN (($1))", &ids);
        let from = "UNNEST(CAST($1 AS bigint[])) AS r (c1)";
        assert_eq!(*made, format!("DELETE FROM t WHERE b IN (SELECT r.c1 FROM {from})"));
        assert_eq!(used, ["{7,8}"].map(Value::from));
        assert_eq!(Dialect::Postgres.chunks(&[0; 300]).map(<[_]>::len).collect::<Vec<_>>(), [128, 128, 44]);
        assert_eq!(
            Dialect::MySql.chunks(&[0; 300]).map(<[_]>::len).collect::<Vec<_>>(),
            [128, 128, 32, 8, 4]
        );
    }
}
