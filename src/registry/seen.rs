//! What the database said about tokens less than a second ago. Each request asks who sent it, and most of them are
//! of the same few; a token that is revoked elsewhere, or the first that is made elsewhere, counts here a second later.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::token::Token;

/// How long an answer holds, in milliseconds.
const FRESH: i64 = 1_000;
/// The most tokens that are kept.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// When there was no token, in milliseconds since 1970 UTC.
    unclaimed_at: Option<i64>,
    /// By id: when it was read, the token, and the digest of its secret.
    tokens: BTreeMap<String, (i64, Token, String)>,
}

impl Seen {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn token(&self, id: &str, now: i64) -> Option<(Token, String)> {
        let known = self.known();
        let (at, token, digest) = known.tokens.get(id)?;
        is_fresh(*at, now).then(|| (token.clone(), digest.clone()))
    }

    pub(super) fn keep(&self, token: &Token, digest: &str, now: i64) {
        let mut known = self.known();
        if known.tokens.len() >= MOST {
            known.tokens.retain(|_, (at, _, _)| is_fresh(*at, now));
        }
        if known.tokens.len() < MOST {
            known.tokens.insert(token.id.clone(), (now, token.clone(), digest.to_owned()));
        }
    }

    pub(super) fn is_unclaimed(&self, now: i64) -> bool {
        self.known().unclaimed_at.is_some_and(|at| is_fresh(at, now))
    }

    pub(super) fn keep_unclaimed(&self, now: i64) {
        self.known().unclaimed_at = Some(now);
    }

    /// After a change that was made here.
    pub(super) fn forget(&self) {
        *self.known() = Known::default();
    }
}

/// A clock that went back makes nothing fresh.
fn is_fresh(at: i64, now: i64) -> bool {
    (0..FRESH).contains(&now.saturating_sub(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token::Scope;

    fn token(id: String) -> Token {
        Token {
            id,
            name: "ci".to_owned(),
            scope: Scope::Write,
            limits: None,
            created_at: 0,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn what_is_known_holds_for_a_second_and_never_backwards() {
        let seen = Seen::default();
        seen.keep(&token("a".to_owned()), "digest", 5_000);
        seen.keep_unclaimed(5_000);
        let holds = |now| (seen.token("a", now).is_some(), seen.is_unclaimed(now));
        assert_eq!(
            [4_999, 5_000, 5_999, 6_000].map(holds),
            [(false, false), (true, true), (true, true), (false, false)]
        );
        seen.forget();
        assert_eq!(holds(5_000), (false, false));
    }

    #[test]
    fn it_keeps_no_more_than_a_thousand_and_makes_room_by_age() {
        let seen = Seen::default();
        for number in 0..MOST {
            seen.keep(&token(number.to_string()), "digest", 5_000);
        }
        seen.keep(&token("more".to_owned()), "digest", 5_001);
        assert!(seen.token("more", 5_001).is_none());
        seen.keep(&token("later".to_owned()), "digest", 6_001);
        assert!(seen.token("later", 6_001).is_some());
    }
}
