//! The texts of the epoch of API v1, and of what is to be known of the database.

/// Raises the epoch: one of its places gets a text that it never had.
pub(in crate::store) const RAISE: &str = "UPDATE sm_epoch SET mark = $1 WHERE slot = $2";

/// The marks of all places, read at one instant.
pub(in crate::store) const EPOCH: &str = "SELECT mark FROM sm_epoch ORDER BY slot";

/// Enters what is to be known of the database; fails if it is known.
pub(in crate::store) const FIRST_META: &str = "INSERT INTO sm_meta (name, value) VALUES ($1, $2)";

/// What is known of the database.
pub(in crate::store) const META: &str = "SELECT value FROM sm_meta WHERE name = $1";
