//! Pure rules: values in, values out. Nothing in here reads a file, the clock, the environment or the
//! network, and no function has an effect beside its result.

pub mod added;
pub mod assemble;
pub mod audit;
pub mod chain;
pub mod changelog;
pub mod checks;
pub mod compare;
pub mod decide;
pub mod delivery;
pub mod deployment;
pub mod dora;
pub mod dotenv;
pub mod event;
pub mod fact;
pub mod gate;
pub mod glob;
pub mod grouping;
pub mod health;
pub mod hold;
pub mod incident;
pub mod inside;
pub mod intended;
pub mod limits;
pub mod links;
pub mod lint;
pub mod lists;
pub mod live;
pub mod manifest;
pub mod mention;
pub mod message;
pub mod message_file;
pub mod notes;
pub mod observation;
pub mod past;
pub mod plan;
pub mod preflight;
pub mod probing;
pub mod pushed;
pub mod reach;
pub mod reading;
pub mod readout;
pub mod reference;
pub mod released;
pub mod revision;
pub mod rollback;
pub mod settings;
pub mod smoke;
pub mod span;
pub mod text;
pub mod tier;
pub mod token;
pub mod verdict;
pub mod version;
pub mod way;
pub mod webhook;
pub mod weekly;
pub mod zone;

/// How properties are tried. What fails becomes a test of its own, so no file of seeds is kept.
#[cfg(test)]
fn properties() -> proptest::test_runner::Config {
    proptest::test_runner::Config { failure_persistence: None, ..Default::default() }
}
