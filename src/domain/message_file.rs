//! The file that git hands to `commit-msg`: the message with what git will strip from it.

/// How git cleans a message up (`commit.cleanup`), as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Comments go if the file was shown in an editor.
    Default,
    /// Comments always go.
    Strip,
    /// Lines that begin like a comment are content; what stands below the scissors still goes.
    Keep,
}

/// What git draws above the diff of `commit --verbose`.
const SCISSORS: &str = " ------------------------ >8 ------------------------";

/// What git tries in this order when `core.commentChar` is `auto`.
const CANDIDATES: &str = "#;@!$%^&|:";

/// The message as git will store it. `comment` is `core.commentString` or `core.commentChar`.
///
/// With `-m` and `-F` a line that begins with `#` is content. git does not tell which way a file was made, so
/// such lines are comments only where git's own template is: a block of them at the end with a bare mark in it.
pub fn clean(text: &str, comment: &str, cleanup: Cleanup) -> String {
    let mark = if comment == "auto" { guess(text) } else { comment.to_owned() };
    let scissors = format!("{mark}{SCISSORS}");
    let cut = text.lines().position(|line| line == scissors);
    let lines: Vec<&str> = text.lines().take(cut.unwrap_or(usize::MAX)).collect();
    let template = cut.is_some() || ends_in_template(&lines, &mark);
    let strip = match cleanup {
        Cleanup::Strip => true,
        Cleanup::Keep => false,
        Cleanup::Default => template,
    };
    let kept = lines.into_iter().filter(|line| !(strip && line.starts_with(mark.as_str())));
    kept.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn ends_in_template(lines: &[&str], mark: &str) -> bool {
    let written = lines.iter().rev().skip_while(|line| line.trim().is_empty());
    written.take_while(|line| line.starts_with(mark)).any(|line| line.trim_end() == mark)
}

/// Under `auto` git chose a mark that begins no line of the message, and wrote its template with it last.
fn guess(text: &str) -> String {
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).and_then(|line| line.chars().next());
    last.filter(|mark| CANDIDATES.contains(*mark)).unwrap_or('#').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "feat: x\n\n# Please enter the commit message\n#\n# On branch main\n";

    #[test]
    fn an_editor_leaves_comments_and_options_leave_content() {
        assert_eq!(clean(TEMPLATE, "#", Cleanup::Default), "feat: x");
        assert_eq!(clean("feat: x\n\n#12 is done", "#", Cleanup::Default), "feat: x\n\n#12 is done");
        assert_eq!(clean("feat: x\n\n#12 is done", "#", Cleanup::Strip), "feat: x");
        assert_eq!(clean("# a\n#\n", "#", Cleanup::Keep), "# a\n#");
        assert_eq!(clean("#\nfeat: x", "#", Cleanup::Default), "#\nfeat: x");
    }

    #[test]
    fn nothing_below_the_scissors_counts() {
        let text = format!("feat: x\n#{SCISSORS}\n# Do not touch\ndiff --git a b\nBREAKING CHANGE: no\n");
        assert_eq!(clean(&text, "#", Cleanup::Default), "feat: x");
    }

    #[test]
    fn any_mark_can_start_a_comment() {
        let text = TEMPLATE.replace('#', ";");
        assert_eq!(clean(&text, ";", Cleanup::Default), "feat: x");
        assert_eq!(clean(&text, "auto", Cleanup::Default), "feat: x");
        assert_eq!(clean(&TEMPLATE.replace('#', "//"), "//", Cleanup::Default), "feat: x");
    }
}
