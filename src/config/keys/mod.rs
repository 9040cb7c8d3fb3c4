//! Every key that a configuration may hold. `init` writes its comments from this table, `config schema` its schema,
//! and an unknown key is an error that names the nearest of these.

mod table;

pub use self::table::KEYS;

/// One key: its path (`*` stands for a name of the user's, `[]` for the tables of a list), an example as TOML, and
/// what it is for.
#[derive(Debug)]
pub struct Key {
    pub path: &'static str,
    pub kind: Kind,
    /// The value that holds without a configuration, as TOML.
    pub default: Option<&'static str>,
    pub example: &'static str,
    pub purpose: &'static str,
    /// Whether it excludes the key above it in its table.
    pub instead: bool,
}

impl Key {
    /// The example as a value.
    pub fn example_value(&self) -> Option<toml::Value> {
        value(self.example)
    }

    /// The default as a value, if there is one.
    pub fn default_value(&self) -> Option<toml::Value> {
        value(self.default?)
    }
}

fn value(text: &str) -> Option<toml::Value> {
    toml::from_str::<toml::Table>(&format!("value = {text}")).ok()?.remove("value")
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A text that is one of these.
    Choice(&'static [&'static str]),
    /// A whole number.
    Number,
    Flag,
    /// A list of texts.
    Texts,
}

/// The segments of a path; a segment that ends in `[]` stands for the tables of a list.
fn fits(segment: &str, name: &str) -> bool {
    match segment.strip_suffix("[]") {
        None => segment == "*" || segment == name,
        Some(list) => name.strip_prefix(list).and_then(index).is_some(),
    }
}

/// The number in `[3]`.
pub(super) fn index(text: &str) -> Option<usize> {
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Whether `path` is a key, with `*` for one segment.
pub fn is_known(path: &[String]) -> bool {
    KEYS.iter().any(|key| matches(key.path, path))
}

pub(super) fn matches(pattern: &str, path: &[String]) -> bool {
    let mut segments = pattern.split('.');
    path.iter().all(|name| segments.next().is_some_and(|segment| fits(segment, name)))
        && segments.next().is_none()
}

/// A path as a person writes it in TOML, with quotes where a name needs them.
pub(super) fn written(path: &[String]) -> String {
    let bare = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let name = |name: &String| {
        let is_item =
            name.split_once('[').is_some_and(|(list, at)| bare(list) && index(&format!("[{at}")).is_some());
        if bare(name) || is_item { name.clone() } else { format!("{name:?}") }
    };
    path.iter().map(name).collect::<Vec<_>>().join(".")
}

/// By what paths are sorted: the tables of a list by their number.
pub(super) fn order(path: &[String]) -> Vec<(String, usize)> {
    let split = |name: &String| {
        let at = name.find('[').and_then(|at| Some((name.get(..at)?, index(name.get(at..)?)?)));
        at.map_or_else(|| (name.clone(), 0), |(list, at)| (list.to_owned(), at))
    };
    path.iter().map(split).collect()
}

/// Whether some key begins with `path`, so that it may be a table.
pub fn is_table(path: &[String]) -> bool {
    KEYS.iter().any(|key| {
        let mut segments = key.path.split('.');
        path.iter().all(|name| segments.next().is_some_and(|segment| fits(segment, name)))
            && segments.next().is_some()
    })
}

/// Whether `path` is a list of tables.
pub fn is_list(path: &[String]) -> bool {
    let Some((last, before)) = path.split_last() else { return false };
    KEYS.iter().any(|key| {
        let mut segments = key.path.split('.');
        before.iter().all(|name| segments.next().is_some_and(|segment| fits(segment, name)))
            && segments.next().and_then(|segment| segment.strip_suffix("[]")) == Some(last)
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
                Some(name) if segment == "*" || segment.ends_with("[]") && fits(segment, name) => {
                    name.as_str()
                }
                _ => segment.trim_end_matches("[]"),
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
        assert_eq!(written(&["a".to_owned(), "eu west".to_owned(), "b[1]".to_owned()]), "a.\"eu west\".b[1]");
        assert!(is_list(&path("version_file")) && !is_table(&path("version_file")));
        assert!(is_known(&path("version_file[12].path")) && !is_known(&path("version_file.path")));
    }

    #[test]
    fn the_nearest_key_is_proposed_only_if_it_is_near() {
        assert_eq!(nearest(&path("release.inital")).as_deref(), Some("release.initial"));
        assert_eq!(
            nearest(&path("environments.dev.plattform")).as_deref(),
            Some("environments.dev.platform")
        );
        assert_eq!(nearest(&path("relase")).as_deref(), Some("release"));
        assert_eq!(nearest(&path("version_file[1].paht")).as_deref(), Some("version_file[1].path"));
        assert_eq!(nearest(&path("version_fiel")).as_deref(), Some("version_file"));
        assert_eq!(nearest(&path("xyzzy")), None);
    }
}
