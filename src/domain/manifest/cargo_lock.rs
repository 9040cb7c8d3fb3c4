//! The versions of a repository's own packages in a Cargo.lock, without which `cargo build --locked` fails after a
//! release. Own is what has no `source`.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::ManifestError;
use super::toml::{parse, unquoted};

/// The versions of the entries of all own packages, or of the one that is named; and those in lists of
/// dependencies, where Cargo adds the version to a name that two packages share.
pub(super) fn find(text: &str, package: Option<&str>) -> Result<Vec<Range<usize>>, ManifestError> {
    let document = parse(text)?;
    let packages: Vec<&DeTable> = match get(document.get_ref(), "package").map(Spanned::get_ref) {
        Some(DeValue::Array(items)) => items.iter().filter_map(|item| item.get_ref().as_table()).collect(),
        _ => Vec::new(),
    };
    let mut ranges = Vec::new();
    for own in packages.iter().filter(|entry| get(entry, "source").is_none()) {
        let (Some(name), Some(version)) = (string(own, "name"), get(own, "version")) else { continue };
        if package.is_some_and(|package| package != name) {
            continue;
        }
        ranges.push(unquoted(text, version.span()));
        let full = format!("{name} {}", string(own, "version").unwrap_or_default());
        for entry in &packages {
            let Some(DeValue::Array(list)) = get(entry, "dependencies").map(Spanned::get_ref) else {
                continue;
            };
            for mention in list.iter().filter(|item| item.get_ref().as_str() == Some(full.as_str())) {
                let range = unquoted(text, mention.span());
                ranges.push(range.start + name.len() + 1..range.end);
            }
        }
    }
    match (ranges.is_empty(), package) {
        (false, _) => Ok(ranges),
        (true, Some(package)) => Err(ManifestError::Absent(package.to_owned())),
        (true, None) => Err(ManifestError::Absent("package without a source".to_owned())),
    }
}

fn get<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

fn string<'a>(table: &'a DeTable, name: &str) -> Option<&'a str> {
    get(table, name)?.get_ref().as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"part 1.0.0\",\n \"part 3.0.0\",\n]\n\n\
        [[package]]\nname = \"part\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"part\"\nversion = \"3.0.0\"\nsource = \"registry+x\"\n";

    fn lines(package: Option<&str>) -> Vec<(usize, &'static str)> {
        let ranges = find(LOCK, package).unwrap();
        ranges.into_iter().map(|range| (super::super::line_of(LOCK, range.start), &LOCK[range])).collect()
    }

    #[test]
    fn own_packages_are_found_and_where_others_name_them_with_their_version() {
        assert_eq!(lines(None), [(5, "1.0.0"), (13, "1.0.0"), (7, "1.0.0")]);
        assert_eq!(lines(Some("app")), [(5, "1.0.0")]);
        assert_eq!(find(LOCK, Some("other")), Err(ManifestError::Absent("other".to_owned())));
        let foreign = "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"y\"\n";
        assert_eq!(
            find(foreign, None).unwrap_err().to_string(),
            "there is no `package without a source` in it"
        );
    }
}
