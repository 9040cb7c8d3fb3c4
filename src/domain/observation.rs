//! What was seen running, by a machine that reports it or by the registry's own prober.

/// Whether at some time the right program was seen running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    pub good: bool,
}
