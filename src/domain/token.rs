//! Tokens: what one looks like, and what it allows. The text is `smk_`, the public id, `_`, and 256 random bits
//! with a checksum, by which scanners of secrets know it for one of ours before they ask anybody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::limits::Limits;
use super::text::hex;

/// What a token allows. Each allows what those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Read,
    Write,
    /// Tokens and the log of who did what.
    Admin,
}

impl Scope {
    pub(crate) const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// The word that the database keeps.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Reads the word that the database keeps.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// A token as the registry shows it; its secret is not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Token {
    /// The public part, by which it is found.
    pub id: String,
    /// What it is for.
    pub name: String,
    pub scope: Scope,
    /// What it sees and touches; nothing: everything.
    pub limits: Option<Limits>,
    /// Milliseconds since 1970 UTC.
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    /// To the hour.
    pub last_used_at: Option<i64>,
}

impl Token {
    /// Whether it opens anything at a time in milliseconds since 1970.
    pub(crate) fn is_good(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires| now < expires)
    }
}

/// A wish for a token, the body of `POST /api/v2/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    pub name: String,
    pub scope: Scope,
    /// What it shall see and touch; without it everything.
    #[serde(default)]
    pub limits: Option<Limits>,
    /// Milliseconds since 1970 UTC; without it the token holds until it is revoked.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

/// The text of a token, which nobody but its owner ever sees again, and its parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pub id: String,
    secret: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "smk_{}_***", self.id)
    }
}

impl Secret {
    /// From random bytes.
    pub(crate) fn of(id: [u8; 8], secret: [u8; 32]) -> Self {
        Self { id: hex(&id), secret: hex(&secret) }
    }

    /// Reads a text that someone sent. What is no token of ours by its form and its checksum is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, rest) = text.strip_prefix("smk_")?.split_once('_')?;
        let (secret, sum) = rest.split_at_checked(64)?;
        let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let form = id.len() == 16 && is_hex(id) && is_hex(secret);
        (form && sum == checksum(id, secret)).then(|| Self { id: id.to_owned(), secret: secret.to_owned() })
    }

    /// What goes to the owner.
    pub fn text(&self) -> String {
        format!("smk_{}_{}{}", self.id, self.secret, checksum(&self.id, &self.secret))
    }

    /// What the database keeps. The secret is random and long, so a slow digest would protect nothing.
    pub(crate) fn digest(&self) -> String {
        hex(&Sha256::digest(self.secret.as_bytes()))
    }
}

fn checksum(id: &str, secret: &str) -> String {
    let mut sum = crc32fast::Hasher::new();
    sum.update(id.as_bytes());
    sum.update(secret.as_bytes());
    format!("{:08x}", sum.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_nothing_else_is() {
        let secret = Secret::of([1; 8], [2; 32]);
        let text = secret.text();
        assert_eq!(text.len(), 4 + 16 + 1 + 64 + 8);
        assert_eq!(Secret::parse(&text).unwrap(), secret);
        let wrong = |from: &str, to: &str| text.replacen(from, to, 1);
        for bad in [
            wrong("smk_", "smk-"),
            wrong("01", "02"),
            wrong("0202", "0203"),
            text.to_uppercase(),
            text[..92].to_owned(),
            format!("{text}0"),
            String::new(),
            "smk_é_é".to_owned(),
        ] {
            assert_eq!(Secret::parse(&bad), None, "{bad}");
        }
        assert_eq!(format!("{secret:?}"), "smk_0101010101010101_***");
    }

    #[test]
    fn each_scope_allows_what_those_before_it_do() {
        assert!(Scope::Admin > Scope::Write && Scope::Write > Scope::Read);
        for scope in Scope::ALL {
            assert_eq!(Scope::from_word(scope.word()), Some(scope));
        }
    }
}
