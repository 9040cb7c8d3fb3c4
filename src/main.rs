//! Parses, runs, prints the one error, returns the exit code; nothing else.

use shipmark::cli;
use shipmark::error::{Exit, Status};
use shipmark::world::World;

/// A long changelog is made of millions of small texts in several threads, for which the allocator of the C library
/// takes twice as long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let run = || match World::system() {
        Ok(world) => cli::main(std::env::args_os(), &world),
        Err(error) => cli::nowhere(&error),
    };
    // A panic has said on stderr what it is; it is a bug of ours, and has an exit code of its own.
    std::panic::catch_unwind(run).unwrap_or(Status::Ours(Exit::Bug)).into()
}
