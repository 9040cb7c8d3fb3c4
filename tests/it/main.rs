//! The integration tests, one binary, since each test binary links the whole crate again.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, also in a function that tests share"
)]

mod action;
mod announced;
mod backup;
mod bad_input;
mod beside;
mod changelog;
mod ci;
mod ci_runs;
mod compare;
mod config;
mod conformance;
mod databases;
mod deciding;
mod deploy;
mod dora;
mod env;
mod environments;
mod fuzzed;
mod health;
mod holds;
mod hooks;
mod json;
mod log_tail;
mod outbox;
mod owed;
mod preflight;
mod racy;
mod readout;
mod release;
mod rollback;
mod server;
mod status;
mod support;
mod surroundings;
mod takeover;
mod terminal;
mod tidy;
mod v1_only;
mod version_files;
mod versions;
mod week;
mod whereabouts;
mod whole_loop;
