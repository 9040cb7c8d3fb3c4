//! The chain of the events of one place: each event holds the digest of the one before it, so that nobody can
//! change, remove or insert one later unseen by whoever kept a digest.

use sha2::{Digest, Sha256};

use super::text::hex;

/// A digest of texts that no other list of texts shares: each goes in with its length.
pub(crate) fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hex(&hash.finalize())
}

/// Where a chain ends: the number of its events, and the digest of the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) length: i64,
    /// Empty before the first event.
    pub(crate) hash: String,
}

impl Head {
    /// The end after one more event, which says `facts`.
    pub(crate) fn next(&self, facts: &[String]) -> Self {
        let length = self.length.saturating_add(1);
        let number = length.to_string();
        let facts = facts.iter().map(String::as_str);
        let hash = digest([self.hash.as_str(), number.as_str()].into_iter().chain(facts));
        Self { length, hash }
    }
}

/// One event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) number: i64,
    pub(crate) previous: String,
    pub(crate) hash: String,
    pub(crate) facts: Vec<String>,
}

/// The number of the first event that is not what it was, or is missing; `links` in order of their numbers.
pub(crate) fn broken(links: &[Link], head: &Head) -> Option<i64> {
    let mut at = Head::default();
    for link in links {
        let next = at.next(&link.facts);
        if link.number != next.length || link.previous != at.hash || link.hash != next.hash {
            return Some(next.length);
        }
        at = next;
    }
    (at != *head).then(|| at.length.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(words: &[&str]) -> (Vec<Link>, Head) {
        let (mut links, mut head) = (Vec::new(), Head::default());
        for word in words {
            let facts = vec![(*word).to_owned()];
            let next = head.next(&facts);
            let (previous, hash) = (head.hash, next.hash.clone());
            links.push(Link { number: next.length, previous, hash, facts });
            head = next;
        }
        (links, head)
    }

    #[test]
    fn what_was_changed_removed_or_put_in_is_named() {
        let (links, head) = chain(&["a", "b", "c"]);
        assert_eq!(broken(&links, &head), None);
        let mut changed = links.clone();
        changed[1].facts = vec!["B".to_owned()];
        assert_eq!(broken(&changed, &head), Some(2));
        assert_eq!(broken(&[links[0].clone(), links[2].clone()], &head), Some(2));
        assert_eq!(broken(&links[..2], &head), Some(3), "the end was cut off");
        let mut longer = links.clone();
        longer.push(links[2].clone());
        assert_eq!(broken(&longer, &head), Some(4));
        // Whoever makes all digests anew comes to another end.
        let (forged, _) = chain(&["a", "B", "c"]);
        assert_eq!(broken(&forged, &head), Some(4));
    }

    #[test]
    fn the_digest_keeps_texts_apart() {
        assert_ne!(digest(["a b", "c"]), digest(["a", "b c"]));
        assert_ne!(digest(["ab"]), digest(["a", "b"]));
    }
}
