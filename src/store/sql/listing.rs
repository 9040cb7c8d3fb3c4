//! The lists of API v1.

/// One page of the rows of a place, each with the number of all.
pub(in crate::store) const OF_PLACE: &str = "SELECT {row}, \
    (SELECT COUNT(*) FROM versions WHERE {place} AND {within_row}) AS total FROM versions \
    WHERE {place} AND {within_row} ORDER BY versions.date DESC, versions_id DESC LIMIT $4 OFFSET $5";

/// The same with the ids of the rows alone.
pub(in crate::store) const IDS_OF_PLACE: &str = "SELECT versions_id, \
    (SELECT COUNT(*) FROM versions WHERE {place} AND {within_row}) AS total FROM versions \
    WHERE {place} AND {within_row} ORDER BY versions.date DESC, versions_id DESC LIMIT $4 OFFSET $5";

/// One page of the rows of a workload on a platform, each with the number of all.
pub(in crate::store) const OF_PLATFORM: &str = "SELECT {row}, \
    (SELECT COUNT(*) FROM versions WHERE {pair} AND {within_row}) AS total FROM versions \
    WHERE {pair} AND {within_row} ORDER BY versions.date DESC, versions_id DESC LIMIT $3 OFFSET $4";

/// The same with the ids of the rows alone.
pub(in crate::store) const IDS_OF_PLATFORM: &str = "SELECT versions_id, \
    (SELECT COUNT(*) FROM versions WHERE {pair} AND {within_row}) AS total FROM versions \
    WHERE {pair} AND {within_row} ORDER BY versions.date DESC, versions_id DESC LIMIT $3 OFFSET $4";

/// Some rows by their ids.
pub(in crate::store) const ROWS: &str = "SELECT {row} FROM versions WHERE versions_id IN (($1))";
