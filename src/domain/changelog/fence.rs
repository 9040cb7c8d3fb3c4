//! Blocks of code between fences, as `CommonMark` 0.31 has them in its section 4.5; what looks like a heading or an item in
//! there is none.

/// Which lines belong to a block of code, its fences included, and the line, counted from 0, of a fence that nothing
/// closes. Such a one is taken for plain text, or everything below it would be hidden.
pub(super) fn fenced(lines: &[&str]) -> (Vec<bool>, Option<usize>) {
    let mut inside = vec![false; lines.len()];
    let mut open: Option<(usize, char, usize)> = None;
    for (at, line) in lines.iter().enumerate() {
        let Some((mark, length, rest)) = fence(line) else { continue };
        match open {
            None if mark == '~' || !rest.contains('`') => open = Some((at, mark, length)),
            Some((start, own, least)) if own == mark && length >= least && rest.is_empty() => {
                inside.iter_mut().skip(start).take(at - start + 1).for_each(|inside| *inside = true);
                open = None;
            }
            _ => {}
        }
    }
    (inside, open.map(|(at, ..)| at))
}

/// The mark of a fence, how often it stands there, and what follows. Inside a list a fence may have any indent.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let length = line.len() - rest.len();
    (length >= 3).then_some((mark, length, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(text: &str) -> (String, Option<usize>) {
        let (inside, open) = fenced(&text.lines().collect::<Vec<_>>());
        (inside.into_iter().map(|inside| if inside { 'x' } else { '.' }).collect(), open)
    }

    #[test]
    fn a_block_ends_at_a_fence_of_its_own_kind() {
        assert_eq!(inside("a\n```rust\n~~~\n``\n``` x\n````\nb"), (".xxxxx.".to_owned(), None));
        assert_eq!(inside("- a\n\n  ~~~~\n  ~~~\n  ~~~~\n``` `\nb"), ("..xxx..".to_owned(), None));
        assert_eq!(inside("```\n```\n~~~\nb"), ("xx..".to_owned(), Some(2)));
    }
}
