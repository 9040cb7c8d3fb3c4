//! What a commit says about other things: issues that it mentions, commits that it takes back.

use super::message::Message;
use super::plan::Commit;

/// Whether a message refers to an issue or a pull request by its number, in the subject or in a footer. Prose
/// of the body is left out: it tells of other issues too.
pub fn mentions(message: &Message, number: u64) -> bool {
    let numbered = message.change().and_then(|change| change.pull_request) == Some(number);
    // `Closes #61` is a footer of the token `Closes` and the value `61`.
    let bare = |value: &str| value.trim() == number.to_string();
    numbered
        || refers(&message.header, number)
        || message.footers.iter().any(|footer| refers(&footer.value, number) || bare(&footer.value))
}

/// Whether `#number` stands in a text, and not as the beginning of a longer number.
fn refers(text: &str, number: u64) -> bool {
    let wanted = format!("#{number}");
    text.match_indices(&wanted).any(|(at, _)| {
        let after = text.get(at + wanted.len()..).and_then(|rest| rest.chars().next());
        after.is_none_or(|c| !c.is_ascii_digit())
    })
}

/// The commits that take `target` back and are not taken back themselves; `later` are the commits after it,
/// newest first.
pub fn live_reverts<'a>(later: &'a [Commit], target: &str, header: &str) -> Vec<&'a Commit> {
    let takes_back = |(_, commit): &(usize, &Commit)| {
        let targets = commit.message.revert_targets();
        if targets.is_empty() {
            return commit.message.reverted_header() == Some(header);
        }
        commit.message.reverted_header().is_some() && targets.iter().any(|named| target.starts_with(named))
    };
    let reverts = later.iter().enumerate().filter(takes_back);
    let live = reverts.filter(|(at, commit)| {
        let after = later.get(..*at).unwrap_or_default();
        live_reverts(after, &commit.oid, &commit.message.header).is_empty()
    });
    live.map(|(_, commit)| commit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(oid: &str, text: &str) -> Commit {
        Commit { revert_target_exists: true, ..Commit::of(oid, text) }
    }

    #[test]
    fn issues_are_found_in_subject_and_footers() {
        for (text, found) in [
            ("feat: a (#61)", true),
            ("fix #61: a", true),
            ("fix: a\n\nRefs: #7, #61", true),
            ("fix: a\n\nCloses #61", true),
            ("Merge pull request #61 from x", true),
            ("fix: a (#610)", false),
            ("fix: a\n\nnot #61 at all", false),
            ("fix: a\n\nRefs: #6", false),
        ] {
            assert_eq!(mentions(&Message::parse(text), 61), found, "{text:?}");
        }
    }

    #[test]
    fn a_revert_that_was_reverted_takes_nothing_back() {
        let target = "aaaaaaaaaa";
        let revert = commit("bbbbbbbbbb", "Revert \"feat: a\"\n\nThis reverts commit aaaaaaaaaa.");
        let again = commit("cccccccccc", "Reapply \"feat: a\"\n\nThis reverts commit bbbbbbbbbb.");
        let found = |later: &[Commit]| {
            live_reverts(later, target, "feat: a").iter().map(|c| c.oid.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found(std::slice::from_ref(&revert)), ["bbbbbbbbbb"]);
        assert!(found(&[again, revert]).is_empty());
        assert_eq!(found(&[commit("dddddddddd", "revert: feat: a")]), ["dddddddddd"]);
    }
}
