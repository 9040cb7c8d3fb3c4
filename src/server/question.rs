//! The query of an address, read strictly: a filter that is dropped in silence would answer another question.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::json;

use super::problem::Problem;
use super::v1::query;

/// The names and values of a query, each name at most once.
#[derive(Debug)]
pub(super) struct Question(Vec<(String, String)>);

impl Question {
    fn read(text: &str) -> Result<Self, Problem> {
        let pairs = query::pairs(text.as_bytes()).map_err(|bad| {
            Problem::new(StatusCode::BAD_REQUEST, "invalid-query", "the question cannot be read")
                .with("detail", bad.words())
        })?;
        for (at, (name, value)) in pairs.iter().enumerate() {
            if pairs.iter().take(at).any(|(earlier, _)| earlier == name) {
                return Err(refused(name, "must stand there once"));
            }
            // PostgreSQL cannot store it, so nothing can be found by it, and all engines shall answer alike.
            if value.contains('\0') {
                return Err(refused(name, "must not hold a NUL"));
            }
        }
        Ok(Self(pairs))
    }

    /// Refuses every other name.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Problem> {
        match self.0.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) if names.is_empty() => Err(refused(name, "is unknown here")),
            Some((name, _)) => {
                Err(refused(name, &format!("is unknown here; known are {}", names.join(", "))))
            }
            None => Ok(()),
        }
    }

    /// The value of a name; `None` if it is not there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for Question {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

/// A value that no answer can be given to.
pub(super) fn refused(name: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-query", "the question cannot be answered")
        .with("errors", json!([{ "pointer": format!("/{name}"), "detail": detail }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_whole_or_refused() {
        let question = Question::read("app=a+b&x=&app2=%C3%A9").unwrap();
        assert_eq!((question.get("app"), question.get("x")), (Some("a b"), Some("")));
        assert_eq!((question.get("app2"), question.get("y")), (Some("é"), None));
        for text in ["app=a&app=b", "app=%ff", "app=%zz", "app=a;b", "app=%00"] {
            assert!(Question::read(text).is_err(), "{text}");
        }
    }
}
