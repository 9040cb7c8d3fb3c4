//! Headers in ASCII without any doubt, which are most of them. The parser crate decides on all others, and on these
//! too, as a test shows; it takes 6 µs for a header, which is a quarter of the time of a long changelog.

/// The parts of a plain header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    pub(super) r#type: &'a str,
    pub(super) scope: Option<&'a str>,
    pub(super) breaking: bool,
    pub(super) summary: &'a str,
}

/// Reads `type(scope)!: summary` of printable ASCII, with letters, digits and `-_./@` in the scope; `None` for
/// everything else, be it right or wrong.
pub(super) fn read(header: &str) -> Option<Plain<'_>> {
    let (start, summary) = header.split_once(": ")?;
    let (start, breaking) = start.strip_suffix('!').map_or((start, false), |start| (start, true));
    let (r#type, scope) = match start.strip_suffix(')') {
        Some(open) => open.split_once('(').map(|(r#type, scope)| (r#type, Some(scope)))?,
        None => (start, None),
    };
    let in_scope = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./@".contains(&byte);
    let is_plain = !r#type.is_empty()
        && r#type.bytes().all(|byte| byte.is_ascii_alphabetic())
        && scope.is_none_or(|scope| !scope.is_empty() && scope.bytes().all(in_scope))
        && !summary.is_empty()
        && summary.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_plain.then_some(Plain { r#type, scope, breaking, summary })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every header that can be put together from pieces around the grammar.
    #[test]
    fn the_parser_crate_agrees_on_every_plain_header() {
        let types = ["feat", "FIX", "x", "", "i18n", "a b", "fix ", "revert"];
        let scopes =
            ["", "(a)", "(a-b/c.d_e@f)", "()", "(a b)", "(a)(b)", "((a))", "(a", "a)", "(ü)", "(a:b)"];
        let ends = ["", "!", "!!", " !", "! "];
        let rests =
            [": x", ":x", ": ", ":  x ", ": x: y", ": (x)", ": ü", ": a\tb", ": !", " : x", ": x (#1)", ""];
        let mut plain = 0;
        let heads = types.iter().flat_map(|name| scopes.iter().map(move |scope| format!("{name}{scope}")));
        let marked = heads.flat_map(|head| ends.iter().map(move |end| format!("{head}{end}")));
        for header in marked.flat_map(|head| rests.iter().map(move |rest| format!("{head}{rest}"))) {
            let Some(found) = read(&header) else { continue };
            plain += 1;
            let parsed =
                conventional_commit_parser::parse_summary(&header).unwrap_or_else(|_| panic!("{header}"));
            assert_eq!(
                found.r#type.to_ascii_lowercase(),
                parsed.commit_type.as_ref().to_ascii_lowercase(),
                "{header}"
            );
            assert_eq!(found.scope, parsed.scope.as_deref(), "{header}");
            assert_eq!(
                (found.breaking, found.summary),
                (parsed.is_breaking_change, parsed.summary.as_str()),
                "{header}"
            );
        }
        assert!(plain > 100, "{plain}");
    }
}
