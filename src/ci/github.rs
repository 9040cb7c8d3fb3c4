//! The protocol of the GitHub Actions runner: outputs and step summary are files, everything else is lines on
//! stdout. Foreign text could command the runner, so it is escaped for each place.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::files::FileError;

/// One output, as it stands in the file that `GITHUB_OUTPUT` names. The delimiter is random, since a value
/// could hold any fixed one.
pub fn output(name: &str, value: &str, delimiter: &str) -> String {
    if value.contains(['\n', '\r']) {
        format!("{name}<<{delimiter}\n{}\n{delimiter}\n", value.trim_end_matches(['\n', '\r']))
    } else {
        format!("{name}={value}\n")
    }
}

/// A workflow command that marks a line of the log as an error of the job.
pub fn error_annotation(title: &str, message: &str) -> String {
    format!("::error title={}::{}", escape_property(title), escape_data(message))
}

/// From this line on the runner takes no command, until `resume` with the same token.
pub fn pause(token: &str) -> String {
    format!("::stop-commands::{token}")
}

/// The runner takes commands again.
pub fn resume(token: &str) -> String {
    format!("::{token}::")
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Appends to one of the runner's files.
pub fn append(path: &Path, text: &str) -> Result<(), FileError> {
    let failed = |source| FileError::Io { action: "append to", path: path.to_owned(), source };
    let mut file = OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_several_lines_needs_the_delimiter() {
        assert_eq!(output("version", "1.0.0", "D"), "version=1.0.0\n");
        assert_eq!(output("notes", "a\nb\n", "D"), "notes<<D\na\nb\nD\n");
    }

    #[test]
    fn foreign_text_cannot_end_a_command() {
        assert_eq!(
            error_annotation("a:b,c", "x\n::set-env::y %"),
            "::error title=a%3Ab%2Cc::x%0A::set-env::y %25"
        );
    }
}
