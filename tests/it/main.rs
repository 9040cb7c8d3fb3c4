//! The integration tests, one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, also in a function that tests share"
)]

mod deploy;
mod outbox;
mod status;
mod support;
