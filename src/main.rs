//! Parses, runs, prints the one error, returns the exit code; nothing else.

use shipmark::error::{Exit, Status};

fn main() -> std::process::ExitCode {
    let run = || shipmark::cli::main(std::env::args_os(), &shipmark::world::World::system());
    // A panic has said on stderr what it is; it is a bug of ours, and has an exit code of its own.
    std::panic::catch_unwind(run).unwrap_or(Status::Ours(Exit::Bug)).into()
}
