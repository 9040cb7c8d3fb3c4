//! Escapes untrusted text for the place it goes to. Commit messages, branch names, author names and answers of
//! servers are written by strangers; this is the only module that knows how to make them harmless.

/// Whether a terminal could act on this character, or a reader be misled by it: C0 and C1 controls, and
/// the bidirectional controls of Unicode (UAX #9).
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// One line for a terminal or a log: controls, line ends and bidirectional marks become `\u{…}`.
pub fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Text for a page, before the template escapes its markup: controls and bidirectional marks are shown by
/// their code point, such as `U+202E`, since they could make a reader see another text.
pub(crate) fn page(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) {
            safe.push_str("U+");
            safe.push_str(&code_point(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// At least four hexadecimal digits, as the Unicode standard writes code points.
fn code_point(c: char) -> String {
    format!("{:04X}", u32::from(c))
}

/// Inline Markdown that shows exactly `text`: nothing in it can start a block, a link, emphasis or markup,
/// notify a user (`@name`) or refer to an issue (`#1`). An HTML escape would spoil Markdown and stop none of it.
pub fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        match c {
            _ if is_hostile(c) => safe.push(' '),
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' => {
                safe.push('\\');
                safe.push(c);
            }
            // An underscore inside a word is never emphasis (CommonMark 0.31, rule 2 of emphasis).
            '_' if !(previous.is_alphanumeric() && rest.starts_with(char::is_alphanumeric)) => {
                safe.push_str("\\_");
            }
            // A reference and a mention do not survive the entity, and the shown text is the same.
            '@' => safe.push_str("&#64;"),
            '#' => safe.push_str("&#35;"),
            ':' if rest.starts_with("//") => safe.push_str("&#58;"),
            '-' | '+' | '=' if at == 0 => {
                safe.push('\\');
                safe.push(c);
            }
            _ => safe.push(c),
        }
        previous = c;
    }
    escape_ordered_list(safe)
}

/// `1.` or `1)` at the start of a line would begin a list.
fn escape_ordered_list(text: String) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'.' | b')') if (1..=9).contains(&digits) => {
            let (number, rest) = text.split_at(digits);
            format!("{number}\\{rest}")
        }
        _ => text,
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The first `length` digits of an object id.
pub fn short(oid: &str) -> &str {
    oid.get(..7).unwrap_or(oid)
}

/// `1 commit`, `2 commits`.
pub fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_plain_text_and_shows_controls() {
        assert_eq!(line("fix: größer 🎉"), "fix: größer 🎉");
        assert_eq!(line("a\u{1b}[2Jb\rc\u{202e}d\n"), "a\\u{1b}[2Jb\\u{d}c\\u{202e}d\\u{a}");
    }

    #[test]
    fn hex_has_two_digits_for_each_byte() {
        assert_eq!(hex(&[0, 15, 255]), "000fff");
    }

    #[test]
    fn a_page_shows_what_could_mislead() {
        assert_eq!(page("a\u{202e}b\tc"), "aU+202EbU+0009c");
    }

    #[test]
    fn markdown_cannot_start_anything() {
        for (text, safe) in [
            ("plain text, with (parens)", "plain text, with (parens)"),
            ("snake_case stays", "snake_case stays"),
            ("_emphasis_", "\\_emphasis\\_"),
            ("*bold* `code`", "\\*bold\\* \\`code\\`"),
            ("[x](http://e)", "\\[x\\](http&#58;//e)"),
            ("<script>", "\\<script\\>"),
            ("thanks @name, see #1", "thanks &#64;name, see &#35;1"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("# heading", "&#35; heading"),
            ("a\nb", "a b"),
        ] {
            assert_eq!(markdown(text), safe, "{text:?}");
        }
    }
}
