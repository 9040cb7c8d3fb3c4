//! A file that holds nothing but the version.

use semver::Version;

use super::ManifestError;

pub(super) const BOM: char = '\u{FEFF}';

/// The version in a VERSION.txt: one semantic version without a prefix on one line.
pub fn read_plain(bytes: &[u8]) -> Result<Version, ManifestError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::NotUtf8)?;
    let text = text.strip_prefix(BOM).unwrap_or(text).trim();
    Version::parse(text).map_err(|_| ManifestError::NotAVersion(text.chars().take(60).collect()))
}

/// The bytes of a VERSION.txt that held `old` with another version; a byte order mark, the kind of line end
/// and a missing one at the end of the file stay as they are. A new file ends in LF.
pub fn write_plain(old: Option<&[u8]>, version: &Version) -> Result<Vec<u8>, ManifestError> {
    let Some(bytes) = old else { return Ok(format!("{version}\n").into_bytes()) };
    let previous = read_plain(bytes)?.to_string();
    let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::NotUtf8)?;
    Ok(text.replacen(&previous, &version.to_string(), 1).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_changes() {
        let new = Version::new(1, 3, 0);
        for (old, expected) in [
            (&b"1.2.3\n"[..], &b"1.3.0\n"[..]),
            (b"1.2.3", b"1.3.0"),
            (b"\xEF\xBB\xBF1.2.3\r\n", b"\xEF\xBB\xBF1.3.0\r\n"),
            (b"\n 1.2.3-rc.1 \n\n", b"\n 1.3.0 \n\n"),
        ] {
            assert_eq!(write_plain(Some(old), &new).unwrap(), expected);
        }
        assert_eq!(write_plain(None, &new).unwrap(), b"1.3.0\n");
    }

    #[test]
    fn anything_else_is_an_error_that_shows_what_stands_there() {
        for (bytes, message) in [
            (&b"v1.2.3\n"[..], "it holds `v1.2.3`, not one semantic version such as 1.2.3"),
            (b"", "it holds ``, not one semantic version such as 1.2.3"),
            (b"\xff", "it is not UTF-8"),
        ] {
            assert_eq!(read_plain(bytes).unwrap_err().to_string(), message);
        }
    }
}
