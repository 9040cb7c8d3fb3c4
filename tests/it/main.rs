//! The integration tests, one binary.

#[cfg(test)]
mod server;
#[cfg(test)]
mod support;
