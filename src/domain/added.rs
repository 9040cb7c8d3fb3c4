//! What a patch adds that is only meant for the one who wrote it, and manifests that changed without their lock.

use super::glob::Glob;

/// A line that prints for a developer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    pub path: String,
    pub line: u32,
    pub text: String,
}

/// Calls that nobody leaves in on purpose, or that programs log by only for a while.
const CALLS: [&str; 9] = [
    "dbg!(",
    "console.log(",
    "console.debug(",
    "debugger;",
    "breakpoint()",
    "pdb.set_trace(",
    "binding.pry",
    "var_dump(",
    "print_r(",
];

/// Texts for people may well name them.
const PROSE: [&str; 4] = [".md", ".rst", ".txt", ".adoc"];

/// The debug prints that a patch adds, as `git diff --unified=0 --no-prefix` writes it, outside of what is allowed.
pub fn debug_prints(text: &str, allowed: &[Glob]) -> Vec<Printed> {
    let (mut found, mut path, mut at, mut gone, mut come) = (Vec::new(), String::new(), 0, 0, 0);
    for line in text.lines() {
        // Within a hunk a line is text, even if it looks like a header.
        if gone > 0 && line.starts_with('-') {
            gone -= 1;
        } else if let Some(added) = line.strip_prefix('+').filter(|_| come > 0) {
            let counts = !PROSE.iter().any(|end| path.ends_with(end));
            if counts && is_debug(added) && !allowed.iter().any(|glob| glob.fits(&path)) {
                found.push(Printed {
                    path: path.clone(),
                    line: at,
                    text: added.trim().trim_end_matches(';').to_owned(),
                });
            }
            (come, at) = (come - 1, at + 1);
        } else if let Some(name) = line.strip_prefix("+++ ") {
            name.trim_end_matches('\t').trim_matches('"').clone_into(&mut path);
        } else if let Some((minus, plus)) = hunk(line) {
            (gone, (at, come)) = (minus, plus);
        }
    }
    found
}

fn is_debug(text: &str) -> bool {
    let before = |at: usize| text.get(..at).and_then(|before| before.chars().next_back());
    CALLS.iter().any(|call| {
        let mut found = text.match_indices(call);
        found.any(|(at, _)| before(at).is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '.'))))
    })
}

/// The numbers of `@@ -1,2 +3,4 @@`: how many lines go, and from which line on how many come.
fn hunk(line: &str) -> Option<(u32, (u32, u32))> {
    let mut words = line.strip_prefix("@@ ")?.split(' ');
    let numbers = |word: &str, sign: char| {
        let word = word.strip_prefix(sign)?;
        let (at, count) = word.split_once(',').unwrap_or((word, "1"));
        Some((at.parse().ok()?, count.parse().ok()?))
    };
    let (_, gone): (u32, u32) = numbers(words.next()?, '-')?;
    Some((gone, numbers(words.next()?, '+')?))
}

/// What each kind of manifest is locked by.
const LOCKS: [(&str, &[&str]); 6] = [
    ("Cargo.toml", &["Cargo.lock"]),
    ("package.json", &["package-lock.json", "yarn.lock", "pnpm-lock.yaml"]),
    ("pyproject.toml", &["poetry.lock", "uv.lock", "pdm.lock"]),
    ("composer.json", &["composer.lock"]),
    ("Gemfile", &["Gemfile.lock"]),
    ("go.mod", &["go.sum"]),
];

/// The manifests that changed while the lock beside them did not.
pub fn unlocked(changed: &[String], tracked: &[String]) -> Vec<String> {
    let is_stale = |path: &&String| {
        let (folder, name) =
            path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        let Some((_, locks)) = LOCKS.iter().find(|(manifest, _)| *manifest == name) else { return false };
        let beside =
            |lock: &&str| if folder.is_empty() { (*lock).to_owned() } else { format!("{folder}/{lock}") };
        let there: Vec<String> = locks.iter().map(beside).filter(|lock| tracked.contains(lock)).collect();
        !there.is_empty() && !there.iter().any(|lock| changed.contains(lock))
    };
    changed.iter().filter(is_stale).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_debug_prints_are_found_with_their_lines() {
        let patch = "diff --git a/src/kpi.rs b/src/kpi.rs\n--- src/kpi.rs\n+++ src/kpi.rs\n\
                     @@ -8,2 +88,3 @@ fn f() {\n-    dbg!(gone);\n--- not a header\n+    dbg!(&row);\n\
                     +++ src/no.rs\n+    let undbg!(x);\n\
                     diff --git a/b c.js b/b c.js\n--- /dev/null\n+++ b c.js\t\n@@ -0,0 +1 @@\n+console.log(1)\n\
                     diff --git a/notes.md b/notes.md\n+++ notes.md\n@@ -0,0 +1 @@\n+console.log(1)\n";
        let found = |allowed: &[Glob]| {
            let found = debug_prints(patch, allowed);
            found.into_iter().map(|one| format!("{}:{} {}", one.path, one.line, one.text)).collect::<Vec<_>>()
        };
        assert_eq!(found(&[]), ["src/kpi.rs:88 dbg!(&row)", "b c.js:1 console.log(1)"]);
        assert_eq!(found(&[Glob::parse("*.js").unwrap()]), ["src/kpi.rs:88 dbg!(&row)"]);
    }

    #[test]
    fn a_manifest_wants_the_lock_beside_it_to_change_too() {
        let files = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let tracked = files("Cargo.toml Cargo.lock web/package.json web/yarn.lock lib/package.json");
        for (changed, stale) in [
            ("Cargo.toml Cargo.lock", ""),
            ("Cargo.toml", "Cargo.toml"),
            ("Cargo.toml web/yarn.lock", "Cargo.toml"),
            ("web/package.json lib/package.json", "web/package.json"),
            ("readme", ""),
        ] {
            assert_eq!(unlocked(&files(changed), &tracked).join(" "), stale, "{changed}");
        }
    }
}
