//! Paths that stay inside a worktree and out of git's own folder.

/// The longest path that Linux takes, in bytes (`PATH_MAX`).
const LONGEST: usize = 4095;

/// Whether a path from the root names a file inside the worktree that is not git's own, in any spelling that some
/// file system takes for `.git`: upper case, `git~1` (short names), trailing dots and blanks or a stream name
/// (NTFS), characters without width (HFS+).
pub fn is_inside(path: &str) -> bool {
    let sound = |part: &str| !matches!(part, "" | "." | "..") && !is_git(part);
    !path.is_empty()
        && path.len() <= LONGEST
        && !path.contains(|c: char| c.is_control() || c == '\\')
        && path.split('/').all(sound)
}

fn is_git(part: &str) -> bool {
    let without_width = |c: &char| matches!(c, '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}');
    let plain: String = part.chars().filter(|c| !without_width(c)).collect();
    let plain = plain.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']).to_lowercase();
    plain == ".git" || plain.strip_prefix("git~").is_some_and(|number| number.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_pass() {
        for path in
            ["a", "a/b.toml", ".github/x.yml", ".gitattributes", "git~x", "a b/größe.json", "-rf", "..a"]
        {
            assert!(is_inside(path), "{path}");
        }
    }

    #[test]
    fn what_leads_out_or_into_git_does_not() {
        for path in [
            "",
            "/etc/passwd",
            "../a",
            "a/../../b",
            "a//b",
            "a/",
            "./a",
            ".git/config",
            "a/.git/x",
            ".GIT/x",
            ".Git",
            "git~1/x",
            "GIT~12",
            ".git./x",
            ".git /x",
            ".git::$INDEX_ALLOCATION/x",
            ".g\u{200C}it/x",
            "\u{FEFF}.git/x",
            "a\\b",
            "..\\a",
            "a\0b",
            "a\nb",
        ] {
            assert!(!is_inside(path), "{path:?}");
        }
        assert!(!is_inside(&"a".repeat(LONGEST + 1)));
    }
}
