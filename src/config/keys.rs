//! Every key that a configuration may hold. `init` writes its comments from this table, and an unknown key is
//! an error that names the nearest of these.

/// One key: its path (`*` stands for a name of the user's), an example as TOML, and what it is for.
#[derive(Debug)]
pub struct Key {
    pub path: &'static str,
    pub example: &'static str,
    pub purpose: &'static str,
}

const fn key(path: &'static str, example: &'static str, purpose: &'static str) -> Key {
    Key { path, example, purpose }
}

/// The keys, in the order in which a person would read them.
pub const KEYS: [Key; 22] = [
    key("app", "\"helpdesk\"", "what is deployed; default: the repository's name"),
    key(
        "workload",
        "\"team-support\"",
        "who deploys it, as the registry's API v1 means it; default: the app",
    ),
    key("tag.format", "\"v{version}\"", "how a release tag is written"),
    key("release.initial", "\"0.1.0\"", "the first version of a repository without a release"),
    key("release.commit_message", "\"chore(release): {version}\"", "the subject of a release commit"),
    key("release.remote", "\"origin\"", "the remote that a release is pushed to"),
    key("bump.zero", "\"semver\"", "what 0.x promises: semver, cargo or major"),
    key("bump.types.*", "\"patch\"", "the level of a commit type: major, minor, patch or none"),
    key("hooks.prepare", "true", "whether an empty commit message gets the known types as comments"),
    key("registry.url", "\"https://registry.example\"", "where deployments are reported"),
    key(
        "environments.*.platform",
        "\"production\"",
        "the registry's platform; default: the environment's name",
    ),
    key("environments.*.order", "30", "the column of `status`; smaller stands further left"),
    key("environments.*.url", "\"https://helpdesk.example\"", "where people find the program"),
    key(
        "environments.*.deploy",
        "[\"./scripts/deploy\", \"production\"]",
        "what `deploy` runs without a command of its own; needs `shipmark config trust`",
    ),
    key(
        "environments.*.rollback",
        "[\"./scripts/deploy\", \"production\"]",
        "what `rollback` runs; default: `deploy`",
    ),
    key("environments.*.migrations", "[\"migrations/**\"]", "files that a rollback does not undo"),
    key(
        "environments.*.health.url",
        "\"/health\"",
        "where the running program says what it is: an address, or a path below `url`",
    ),
    key("environments.*.health.version", "\"/version\"", "the JSON pointer to its version"),
    key("environments.*.health.commit", "\"/commit\"", "the JSON pointer to its commit, which proves most"),
    key(
        "environments.*.health.environment",
        "\"/environment\"",
        "the JSON pointer to the environment's name, which must be this one",
    ),
    key("environments.*.health.within", "\"60s\"", "how long a deployed program may take to come up"),
    key("environments.*.health.stable", "3", "how many good answers in a row count"),
];

/// Whether `path` is a key, with `*` for one segment.
pub fn is_known(path: &[String]) -> bool {
    KEYS.iter().any(|key| matches(key.path, path))
}

fn matches(pattern: &str, path: &[String]) -> bool {
    let mut segments = pattern.split('.');
    path.iter().all(|name| segments.next().is_some_and(|segment| segment == "*" || segment == name))
        && segments.next().is_none()
}

/// Whether some key begins with `path`, so that it may be a table.
pub fn is_table(path: &[String]) -> bool {
    KEYS.iter().any(|key| {
        let mut segments = key.path.split('.');
        path.iter().all(|name| segments.next().is_some_and(|segment| segment == "*" || segment == name))
            && segments.next().is_some()
    })
}

/// The key or table that was most likely meant, spelt with the user's own names in place of `*`; `None` if
/// none is near.
pub fn nearest(path: &[String]) -> Option<String> {
    let typed = path.join(".");
    let candidate = |key: &Key| {
        key.path
            .split('.')
            .take(path.len())
            .enumerate()
            .map(|(at, segment)| match path.get(at) {
                Some(name) if segment == "*" => name.as_str(),
                _ => segment,
            })
            .collect::<Vec<_>>()
            .join(".")
    };
    KEYS.iter()
        .map(candidate)
        .map(|key| (strsim::normalized_damerau_levenshtein(&typed, &key), key))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn names_of_the_user_stand_for_a_star() {
        assert!(is_known(&path("environments.eu west.platform")));
        assert!(is_known(&path("bump.types.security")));
        assert!(!is_known(&path("environments.dev")));
        assert!(is_table(&path("environments.dev")));
        assert!(!is_known(&path("bump.types.security.level")));
    }

    #[test]
    fn the_nearest_key_is_proposed_only_if_it_is_near() {
        assert_eq!(nearest(&path("release.inital")).as_deref(), Some("release.initial"));
        assert_eq!(
            nearest(&path("environments.dev.plattform")).as_deref(),
            Some("environments.dev.platform")
        );
        assert_eq!(nearest(&path("relase")).as_deref(), Some("release"));
        assert_eq!(nearest(&path("xyzzy")), None);
    }
}
