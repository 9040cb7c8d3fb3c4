//! shipmark closes the loop from commit to running version. This file is the map of the modules, lowest
//! level first: a module names only modules of lower levels, and `tests/it/tidy.rs` holds it to that.

/// Level 0: pure rules. Nothing here reads a file, the clock, the environment or the network.
pub mod domain;

/// Level 2: which CI system runs us, and how its runner is spoken to.
pub mod ci;
/// Level 1: the database. An acknowledged write is durable before its function returns.
pub mod store;

/// Level 2: the configuration with the origin of every value; an unknown key is an error.
pub mod config;

/// Level 3: deployments as a laptop or a CI job sees them: run, spool, deliver.
pub mod deploy;
/// Level 3: the use cases of the registry, callable without a socket.
pub mod registry;

/// Level 4: HTTP in, use cases, HTTP out.
pub mod server;

/// Level 5: one error for the user, and the exit codes.
pub mod error;
/// Level 1: reads and replaces files inside a root; a file is never seen half written.
pub mod files;
/// Level 2: the only public face of libgit2 and of the `git` program.
pub mod git;
/// Level 1: the one HTTP client, with its deadlines and size caps.
pub mod http;
/// Level 2: the log of the server as JSON lines; the only owner of its stream beside `ui`.
pub mod log;
/// Level 2: what a running program says that it is.
pub mod probe;
/// Level 1: child processes by argument vector; never a shell.
pub mod process;
/// Level 1: the strict template registries; everything shown from a template passes an escape.
pub mod template;
/// Level 5: the only writer of the standard streams.
pub mod ui;
/// Level 1: the only reader of clock, randomness and environment.
pub mod world;

/// Level 6: the commands; they compose everything below.
pub mod cli;
