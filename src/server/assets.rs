//! The static files: embedded, with a digest of their content in the name, so that they may be kept for ever.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::{App, refuse};
use crate::domain::text::hex;

/// Name, ending, media type and content of each file.
const FILES: [(&str, &str, &str, &str); 3] = [
    ("board", "css", "text/css; charset=utf-8", include_str!("../../templates/assets/board.css")),
    ("live", "js", "text/javascript; charset=utf-8", include_str!("../../templates/assets/live.js")),
    ("mark", "svg", "image/svg+xml", include_str!("../../templates/assets/mark.svg")),
];

/// One year, which is for ever to a cache (RFC 9111 has no longer word); the name changes with the content.
const KEEP: &str = "public, max-age=31536000, immutable";

/// The files by the name they are served under.
pub(super) struct Assets(Vec<Asset>);

struct Asset {
    stem: &'static str,
    name: String,
    kind: &'static str,
    content: &'static str,
}

impl Assets {
    pub(super) fn embedded() -> Self {
        let named = FILES.iter().map(|(stem, ending, kind, content)| {
            let digest = Sha256::digest(content);
            let short = hex(digest.get(..6).unwrap_or_default());
            Asset { stem, name: format!("{stem}.{short}.{ending}"), kind, content }
        });
        Self(named.collect())
    }

    /// Where a file is served; empty for one that is not embedded, which the test of this file rules out.
    pub(super) fn path(&self, stem: &str) -> String {
        let found = self.0.iter().find(|asset| asset.stem == stem);
        found.map(|asset| format!("/static/{}", asset.name)).unwrap_or_default()
    }
}

/// `GET /static/{file}`.
pub(super) async fn file(app: App, Path(name): Path<String>) -> Response {
    match app.assets.0.iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, KEEP)];
            (headers, asset.content).into_response()
        }
        None => refuse(&app, "/static/", StatusCode::NOT_FOUND, "there is no such file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_the_digest_of_the_content() {
        let path = Assets::embedded().path("board");
        let parts: Vec<_> = path.split('.').collect();
        assert_eq!((parts[0], parts[1].len(), parts[2]), ("/static/board", 12, "css"));
    }
}
