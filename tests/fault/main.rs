//! The fault harness: what happens to a release, a report or the registry that is killed, refused, raced or starved. Each test runs the same
//! faults on a weak build first (no journal, no fsync, no atomic push, no epoch), which must fail: a harness that passes
//! it proves nothing. `SHIPMARK_WEAK` names that binary; `scripts/test` builds it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a harness that cannot go on has failed, and says what it saw"
)]

mod access;
mod boot;
mod cached;
mod clock;
mod contend;
mod database;
mod deliver;
mod dirty;
mod disk;
mod durable;
mod exhaust;
mod hooked;
mod kill;
mod line;
mod migrate;
mod model;
mod odd;
mod offline;
mod power;
#[path = "../it/support/proxy.rs"]
mod proxy;
mod race;
mod random;
#[expect(dead_code, reason = "the tests of the cache use the rest of it")]
#[path = "../it/support/redis.rs"]
mod redis;
mod refuse;
mod rolling;
mod server;
mod shaken;
mod spool;
mod stage;
mod starve;
mod tls;
mod weak;
mod web;
