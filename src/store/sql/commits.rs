//! The commits that deployments brought.

/// The lists of deployments; fails if one has a list.
pub(in crate::store) const INSERT_LISTS: &str = "INSERT INTO sm_commit_list \
    (versions_id, app, head, since, truncated, received_at) VALUES ($1, $2, $3, $4, $5, $6)";

/// The commits of lists.
pub(in crate::store) const INSERT_COMMITS: &str = "INSERT INTO sm_commit \
    (versions_id, position, sha, parents, at, subject, breaking) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// The list of one deployment.
pub(in crate::store) const LIST: &str =
    "SELECT versions_id, head, since, truncated FROM sm_commit_list WHERE versions_id = $1";

/// The newest lists of an app.
pub(in crate::store) const LISTS: &str = "SELECT l.versions_id, l.head, l.since, l.truncated FROM sm_commit_list l \
    JOIN sm_deployment d ON d.versions_id = l.versions_id WHERE l.app = $1 \
    AND {within d.app; d.platform; d.environment} ORDER BY l.versions_id DESC LIMIT $2";

/// The commits of some lists, each list in its order.
pub(in crate::store) const COMMITS: &str = "SELECT versions_id, sha, parents, at, subject, breaking FROM sm_commit \
    WHERE versions_id IN (($1)) ORDER BY versions_id, position";
