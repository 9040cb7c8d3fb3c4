//! The texts of the epoch of API v1.

/// Raises the epoch: one of its places gets a text that it never had.
pub(in crate::store) const RAISE: &str = "UPDATE sm_epoch SET mark = $1 WHERE slot = $2";

/// The marks of all places, read at one instant.
pub(in crate::store) const EPOCH: &str = "SELECT mark FROM sm_epoch ORDER BY slot";
