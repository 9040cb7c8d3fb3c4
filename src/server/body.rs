//! Reads a request's body up to the limit.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;

/// The largest body in bytes.
pub(super) const LIMIT: usize = 1024 * 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    TooLarge,
    Broken,
}

impl Refused {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::TooLarge => "Request Entity Too Large",
            Self::Broken => "the body could not be read",
        }
    }
}

/// The whole body.
pub(super) async fn read(body: Body) -> Result<Bytes, Refused> {
    axum::body::to_bytes(body, LIMIT).await.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            if error.is::<http_body_util::LengthLimitError>() {
                return Refused::TooLarge;
            }
            cause = error.source();
        }
        Refused::Broken
    })
}
