//! What people say of apps and environments. Everything that was deployed is one, so the list is that of the board
//! and of what was said.

/// The apps after a name, or one, each with what was said of it.
pub(in crate::store) const APPS: &str = "SELECT x.name, MAX(x.at) AS last_at, a.team, a.repo_url, a.archived_at, \
    a.deploy_timeout, a.revision FROM (SELECT app AS name, at FROM sm_current WHERE {within app; platform; environment} \
    UNION ALL SELECT name, 0 FROM sm_app WHERE {within name; -; -}) x \
    LEFT JOIN sm_app a ON a.name = x.name WHERE x.name > $1 AND ($2 IS NULL OR x.name = $2) \
    GROUP BY x.name, a.team, a.repo_url, a.archived_at, a.deploy_timeout, a.revision ORDER BY x.name LIMIT $3";

/// What is said of an app for the first time; fails if something was.
pub(in crate::store) const INSERT_APP: &str = "INSERT INTO sm_app \
    (team, repo_url, archived_at, deploy_timeout, name, revision) VALUES ($1, $2, $3, $4, $5, $6)";

/// What is said of an app instead of what was seen.
pub(in crate::store) const UPDATE_APP: &str = "UPDATE sm_app SET team = $1, repo_url = $2, archived_at = $3, \
    deploy_timeout = $4, revision = $6 WHERE name = $5 AND revision = $7";

/// The environments after a name and a platform, or those of one name or one platform, each with what was said of it.
pub(in crate::store) const ENVIRONMENTS: &str = "SELECT x.platform, x.name, MAX(x.at) AS last_at, e.tier, e.position, \
    e.url, e.zone, e.deploy_timeout, e.revision FROM (SELECT platform, environment AS name, at FROM sm_current \
    WHERE {within app; platform; environment} \
    UNION ALL SELECT platform, name, 0 FROM sm_environment WHERE {within -; platform; name}) x \
    LEFT JOIN sm_environment e ON e.platform = x.platform AND e.name = x.name \
    WHERE (x.name, x.platform) > ($1, $2) AND ($3 IS NULL OR x.name = $3) AND ($4 IS NULL OR x.platform = $4) \
    GROUP BY x.platform, x.name, e.tier, e.position, e.url, e.zone, e.deploy_timeout, e.revision \
    ORDER BY x.name, x.platform LIMIT $5";

/// What is said of an environment for the first time; fails if something was.
pub(in crate::store) const INSERT_ENVIRONMENT: &str = "INSERT INTO sm_environment \
    (tier, position, url, zone, deploy_timeout, platform, name, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// What is said of an environment instead of what was seen.
pub(in crate::store) const UPDATE_ENVIRONMENT: &str = "UPDATE sm_environment SET tier = $1, position = $2, \
    url = $3, zone = $4, deploy_timeout = $5, revision = $8 WHERE platform = $6 AND name = $7 AND revision = $9";

/// Forgets what was said of an environment, if it is what was seen.
pub(in crate::store) const DELETE_ENVIRONMENT: &str =
    "DELETE FROM sm_environment WHERE platform = $1 AND name = $2 AND revision = $3";

/// What was said of apps, for the board.
pub(in crate::store) const SET_APPS: &str = "SELECT name, team, repo_url, archived_at, deploy_timeout, revision, \
    (SELECT MAX(c.at) FROM sm_current c WHERE c.app = name AND {within c.app; c.platform; c.environment}) AS last_at \
    FROM sm_app WHERE {within name; -; -}";

/// What was said of environments, for the board.
pub(in crate::store) const SET_ENVIRONMENTS: &str = "SELECT platform, name, tier, position, url, zone, \
    deploy_timeout, revision, 0 AS last_at FROM sm_environment WHERE {within -; platform; name}";
