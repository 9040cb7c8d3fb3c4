//! The integration tests, one binary, since each test binary links the whole crate again.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod deploy;
mod outbox;
mod status;
mod support;
mod tidy;
