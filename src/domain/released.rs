//! The fact that a version was released. It is written into the annotated tag, so that any clone can tell it again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::version::Bump;

/// The trailer of the tag that holds what the tag itself does not say.
const TRAILER: &str = "Shipmark-Report: ";

/// A release, as it travels: what an outbox keeps, and the body of `PUT /api/v2/apps/{app}/versions/{version}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Released {
    pub app: String,
    pub version: String,
    /// The commit that the tag names.
    pub sha: String,
    pub tag: String,
    /// Milliseconds since 1970 UTC.
    pub released_at: i64,
    /// `major`, `minor` or `patch`, where the commits decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bump: Option<String>,
}

/// What the trailer says. Later versions may say more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    pub app: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bump: Option<String>,
}

/// The line for the message of a release's tag.
pub fn trailer(app: &str, bump: Option<Bump>) -> String {
    let said = Trailer { app: app.to_owned(), bump: bump.map(|bump| bump.name().to_owned()) };
    // A name and a word always make JSON.
    format!("{TRAILER}{}", serde_json::to_string(&said).unwrap_or_default())
}

/// Reads it back from the last paragraph of a tag's message; `None` for a tag that shipmark did not make, or one
/// whose trailer is damaged.
pub fn of_message(message: &str) -> Option<Trailer> {
    let last = message.trim_end().rsplit("\n\n").next()?;
    let line = last.lines().find_map(|line| line.strip_prefix(TRAILER))?;
    serde_json::from_str(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_on_one_line() {
        let line = trailer("a \"b\"\nc", Some(Bump::Minor));
        assert_eq!(line, r#"Shipmark-Report: {"app":"a \"b\"\nc","bump":"minor"}"#);
        let read = of_message(&format!("a 1.1.0\n\nnotes\n\n{line}\nRelease-Id: 00\n")).unwrap();
        assert_eq!(read, Trailer { app: "a \"b\"\nc".to_owned(), bump: Some("minor".to_owned()) });
    }

    #[test]
    fn only_the_last_paragraph_counts() {
        let notes = "a 1.1.0\n\nShipmark-Report: {\"app\":\"evil\"}\n\nRelease-Id: 00\n";
        assert_eq!(of_message(notes), None);
        assert_eq!(of_message("a 1.0.0\n\nShipmark-Report: {\"app\":"), None);
        assert_eq!(of_message(""), None);
    }
}
