//! The two builds, and how much of each test a tier runs.

use std::path::PathBuf;

/// The build under test.
pub(crate) fn strong() -> PathBuf {
    env!("CARGO_BIN_EXE_shipmark").into()
}

/// The weak build; without it there is no control, and no test.
#[track_caller]
pub(crate) fn weak() -> PathBuf {
    let path = std::env::var_os("SHIPMARK_WEAK").map(PathBuf::from);
    path.filter(|path| path.exists())
        .unwrap_or_else(|| panic!("SHIPMARK_WEAK names no weak build: run `scripts/test`, which makes one"))
}

/// Whether everything is run, and not only what fits into a push.
pub(crate) fn full() -> bool {
    std::env::var("SHIPMARK_TIER").is_ok_and(|tier| tier == "full")
}
