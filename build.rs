//! Links the program to a fixed address on Linux, as Go does with its own.
//!
//! A position-independent program of this size has its 600 KiB of tables rewritten at every start: half of all page
//! faults of a git hook, and 2 ms of its 4. Libraries, heap and stack still lie at random addresses.
#![expect(clippy::disallowed_methods, reason = "this is how a build script is told its target")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if target("CARGO_CFG_TARGET_OS", "linux") && target("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bin=shipmark=-no-pie");
    }
}
