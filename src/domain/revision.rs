//! Which state of a thing somebody wants to change, so that nobody undoes in ignorance what another has just set.

/// What the header `If-Match` asks for (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    Anything,
    /// `*`: that it is there.
    Something,
    /// That it stands at one of these.
    One(Vec<u64>),
}

impl Expected {
    /// Reads the header; a tag that is none of ours fits nothing.
    pub fn of(header: Option<&str>) -> Self {
        let number = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        match header.map(str::trim) {
            None => Self::Anything,
            Some("*") => Self::Something,
            Some(tags) => Self::One(tags.split(',').filter_map(number).collect()),
        }
    }

    /// Whether a thing may be changed that stands at this revision; nothing is what is not there.
    pub fn fits(&self, revision: Option<u64>) -> bool {
        match self {
            Self::Anything => true,
            Self::Something => revision.is_some(),
            Self::One(wanted) => revision.is_some_and(|revision| wanted.contains(&revision)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_seen_is_changed() {
        let fits = |header, revision| Expected::of(header).fits(revision);
        assert!(fits(None, None) && fits(None, Some(0)));
        assert!(fits(Some("*"), Some(0)) && !fits(Some("*"), None));
        assert!(fits(Some("\"3\""), Some(3)) && fits(Some("\"2\", \"3\""), Some(3)));
        for other in ["\"2\"", "3", "W/\"3\"", "", "\"x\"", "\"3"] {
            assert!(!fits(Some(other), Some(3)), "{other}");
        }
        assert!(!fits(Some("\"0\""), None));
    }
}
