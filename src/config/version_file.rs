//! `[[version_file]]`: the files that hold the version beside VERSION.txt.

use super::layer::Leaves;
use super::{ConfigError, Setting};
use crate::domain::inside::is_inside;
use crate::domain::manifest::{Format, Key, Pattern, Place};

/// One file and every place in it.
#[derive(Debug, Clone)]
pub struct VersionFile {
    /// From the root of the worktree.
    pub path: String,
    /// At least one.
    pub places: Vec<Place>,
}

/// These are edited without being named.
const MANAGED: [&str; 3] = ["VERSION.txt", "CHANGELOG.md", super::FILE_NAME];

pub(super) fn version_files(leaves: &Leaves) -> Result<Vec<VersionFile>, ConfigError> {
    let mut files: Vec<VersionFile> = Vec::new();
    for table in Setting::tables(leaves, &["version_file"]) {
        let (path, place) = read(leaves, &table)?;
        match files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.places.push(place),
            None => files.push(VersionFile { path, places: vec![place] }),
        }
    }
    Ok(files)
}

fn read(leaves: &Leaves, table: &str) -> Result<(String, Place), ConfigError> {
    let get = |field: &str| Setting::at(leaves, &[table, field]);
    let lacking = |field: &str| Setting::lacking(leaves, &[table], field);
    let wanted =
        "the path of a file in the repository other than VERSION.txt, CHANGELOG.md and shipmark.toml";
    let usable = |path: &str| is_inside(path) && !MANAGED.iter().any(|own| own.eq_ignore_ascii_case(path));
    let path = get("path")
        .parsed(wanted, |text| usable(text).then(|| text.to_owned()))?
        .ok_or_else(|| lacking("path"))?;
    let (key, pattern, format) = (get("key"), get("pattern"), get("format"));
    if let (Some(leaf), Some(_)) = (pattern.leaf, key.leaf.or(format.leaf)) {
        let other = if key.leaf.is_some() { key.key } else { format.key };
        return Err(ConfigError::Beside { key: pattern.key, other, origin: leaf.origin.clone() });
    }
    let wanted = "a pattern that begins with `^`, ends with `$` and has one group, `(?<version>…)`";
    if let Some(pattern) = pattern.parsed(wanted, Pattern::parse)? {
        return Ok((path, Place::Pattern(pattern)));
    }
    let named = format.parsed("toml, json, yaml, xml or cargo-lock", |name| match name {
        "toml" => Some(Some(Format::Toml)),
        "json" => Some(Some(Format::Json)),
        "yaml" => Some(Some(Format::Yaml)),
        "xml" => Some(Some(Format::Xml)),
        "cargo-lock" => Some(None),
        _ => None,
    })?;
    let Some(format) = named.unwrap_or_else(|| Format::of_path(&path)) else {
        return match named {
            None => Err(lacking("format")),
            Some(_) => Ok((path, Place::CargoLock(key.parsed("the name of a package", super::name)?))),
        };
    };
    let key = match format {
        Format::Xml => key.parsed("a path of elements such as `project/version`", Key::parse_xml)?,
        _ => key.parsed("a path of names such as `package.version`", Key::parse)?,
    };
    Ok((path, Place::Key(format, key.ok_or_else(|| lacking("key"))?)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Origin, layer};

    fn read(text: &str) -> Result<Vec<VersionFile>, String> {
        let mut leaves = Leaves::new();
        let origin = |file, line| Origin::Repository { file, line };
        layer::read(text, Path::new("shipmark.toml"), origin, &mut leaves)
            .and_then(|()| version_files(&leaves))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_places_of_one_file_stand_together_and_files_in_their_order() {
        let table = |at| format!("[[version_file]]\npath = \"{}.json\"\nkey = \"k{at}\"\n", at % 10);
        let files = read(&(0..11).map(table).collect::<Vec<_>>().concat()).unwrap();
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        assert_eq!(paths, (0..10).map(|at| format!("{at}.json")).collect::<Vec<_>>());
        assert_eq!(files[0].places.len(), 2);
    }

    #[test]
    fn every_way_to_name_a_place() {
        for (fields, found) in [
            ("path = \"Cargo.toml\"\nkey = \"package.version\"", "Key(Toml"),
            ("path = \"a/pom.xml\"\nkey = \"project/version\"", "Key(Xml"),
            ("path = \"x\"\nformat = \"yaml\"\nkey = \"version\"", "Key(Yaml"),
            ("path = \"x.py\"\npattern = '^v = \"(?<version>.+)\"$'", "Pattern("),
            ("path = \"Cargo.lock\"\nformat = \"cargo-lock\"", "CargoLock(None"),
            ("path = \"Cargo.lock\"\nformat = \"cargo-lock\"\nkey = \"app\"", "CargoLock(Some(\"app\")"),
        ] {
            let files = read(&format!("[[version_file]]\n{fields}")).unwrap();
            let place = format!("{:?}", files[0].places[0]);
            assert!(place.starts_with(found), "{place}");
        }
    }

    #[test]
    fn every_mistake_names_its_line() {
        for (text, message) in [
            ("version_file = \"x\"", "1: `version_file` is a list of tables"),
            ("version_file = [\"x\"]", "1: `version_file` is a list of tables"),
            ("[version_file]\npath = \"x\"", "1: `version_file` is a list of tables"),
            (
                "\n[[version_file]]",
                "2: `version_file[0].path` is missing, which the other keys of this table need",
            ),
            ("[[version_file]]\npaht = \"x\"", "2: unknown key `version_file[0].paht`"),
            (
                "[[version_file]]\npath = \"../x\"",
                "2: `version_file[0].path` is `../x`, not the path of a file in the repository other than VERSION.txt, CHANGELOG.md and shipmark.toml",
            ),
            (
                "[[version_file]]\npath = \"version.TXT\"",
                "2: `version_file[0].path` is `version.TXT`, not the path of a file in the repository other than VERSION.txt, CHANGELOG.md and shipmark.toml",
            ),
            (
                "[[version_file]]\npath = \"a.json\"\n[[version_file]]\npath = \"b.json\"\nkey = \"v\"",
                "1: `version_file[0].key` is missing, which the other keys of this table need",
            ),
            (
                "[[version_file]]\npath = \"a\"\nkey = \"v\"",
                "1: `version_file[0].format` is missing, which the other keys of this table need",
            ),
            (
                "[[version_file]]\npath = \"a.json\"\nkey = \"a..b\"",
                "3: `version_file[0].key` is `a..b`, not a path of names such as `package.version`",
            ),
            (
                "[[version_file]]\npath = \"a.json\"\nkey = \"v\"\npattern = 'x'",
                "4: `version_file[0].pattern` cannot stand beside `version_file[0].key`",
            ),
            (
                "[[version_file]]\npath = \"a\"\npattern = '(?<version>.+)'",
                "3: `version_file[0].pattern` is `(?<version>.+)`, not a pattern that begins with `^`, ends with `$` and has one group, `(?<version>…)`",
            ),
            (
                "[[version_file]]\npath = \"a\"\nformat = \"ini\"",
                "3: `version_file[0].format` is `ini`, not toml, json, yaml, xml or cargo-lock",
            ),
        ] {
            assert_eq!(read(text).map(|_| ()), Err(format!("shipmark.toml:{message}")), "{text}");
        }
    }
}
