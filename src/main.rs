//! Parses, runs, prints the one error, returns the exit code; nothing else.

fn main() -> std::process::ExitCode {
    shipmark::cli::main(std::env::args_os(), &shipmark::world::World::system()).into()
}
