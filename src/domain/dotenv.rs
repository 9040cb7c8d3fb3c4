//! Variables as the programs read them that are started with them: one line each, in the quoting of its reader.

use super::text;

/// Who reads the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// An env file, as `docker compose`, `dotenv` and `systemd` read it.
    Dotenv,
    /// Commands for a POSIX shell: `eval "$(…)"`.
    Shell,
    /// Build arguments of `docker build`.
    Docker,
}

/// One variable as a line of that dialect.
pub fn line(dialect: Dialect, name: &str, value: &str) -> String {
    match dialect {
        Dialect::Dotenv => format!("{name}={}", dotenv(value)),
        Dialect::Shell => format!("export {name}={}", word(value)),
        Dialect::Docker => format!("--build-arg {}", word(&format!("{name}={value}"))),
    }
}

/// The names that an env file sets, in their order; its values are nobody's business.
pub fn names(text: &str) -> Vec<&str> {
    let is_name =
        |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut names: Vec<&str> = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        let found = line.strip_prefix("export ").unwrap_or(line).split_once('=').map(|(name, _)| name.trim());
        names.extend(found.filter(is_name).filter(|name| !names.contains(name)));
    }
    names
}

/// A word for a shell, quoted only where it must be; controls are shown, since a person reads it too.
pub fn word(value: &str) -> String {
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", text::line(value).replace('\'', "'\\''"))
}

/// In single quotes every reader takes a value as it stands; only a value that holds one needs double quotes,
/// where readers agree on these escapes.
fn dotenv(value: &str) -> String {
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    let value = text::line(value);
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let mut quoted = String::from('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_as_its_reader_wants_it() {
        for (value, dotenv, shell, docker) in [
            ("1.0.0-rc.1+5", "X=1.0.0-rc.1+5", "export X=1.0.0-rc.1+5", "--build-arg X=1.0.0-rc.1+5"),
            ("", "X=", "export X=''", "--build-arg X="),
            ("eu west", "X='eu west'", "export X='eu west'", "--build-arg 'X=eu west'"),
            ("$(id)`#\"", "X='$(id)`#\"'", "export X='$(id)`#\"'", "--build-arg 'X=$(id)`#\"'"),
            (
                "it's $1 \\",
                "X=\"it's \\$1 \\\\\"",
                "export X='it'\\''s $1 \\'",
                "--build-arg 'X=it'\\''s $1 \\'",
            ),
            ("a\nb", "X='a\\u{a}b'", "export X='a\\u{a}b'", "--build-arg 'X=a\\u{a}b'"),
        ] {
            let lines = [Dialect::Dotenv, Dialect::Shell, Dialect::Docker].map(|d| line(d, "X", value));
            assert_eq!(lines, [dotenv, shell, docker], "{value:?}");
        }
    }

    #[test]
    fn names_are_read_and_values_are_not() {
        let text = "# A=1\nA=1\n  export B_2 = 'x=y'\nA=2\n\nno line\n=x\nbad-name=1\n#C=1\nD=\n";
        assert_eq!(names(text), ["A", "B_2", "D"]);
    }

    #[test]
    fn a_word_is_quoted_when_a_shell_would_change_it() {
        assert_eq!(word("./scripts/deploy"), "./scripts/deploy");
        assert_eq!(word("it's 1"), "'it'\\''s 1'");
        assert_eq!(word(""), "''");
        assert_eq!(word("\u{1b}[2J"), "'\\u{1b}[2J'");
    }
}
