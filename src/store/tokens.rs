//! Tokens: made, found by their public id, and revoked.

use super::db::{Record, values};
use super::{Store, StoreError, sql};
use crate::domain::token::{Scope, Token};

impl Store {
    /// Enters a token with the digest of its secret.
    pub(crate) async fn enter_token(&self, token: &Token, digest: &str) -> Result<(), StoreError> {
        let scope = token.scope.word();
        let values = values![&token.id, &token.name, digest, scope, token.created_at, token.expires_at];
        self.writer.apply(sql::INSERT_TOKEN, values).await.map(|_| ())
    }

    /// A token and the digest of its secret.
    pub(crate) async fn token(&self, id: &str) -> Result<Option<(Token, String)>, StoreError> {
        let row = self.readers.one(sql::ONE_TOKEN, values![id]).await?;
        row.map(|row| Ok((token(&row)?, row.text("digest")?))).transpose()
    }

    /// Every token, newest first.
    pub(crate) async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.readers.query(sql::TOKENS, values![]).await?.iter().map(token).collect()
    }

    /// Whether there ever was a token.
    pub(crate) async fn has_tokens(&self) -> Result<bool, StoreError> {
        Ok(self.readers.one(sql::ANY_TOKEN, values![]).await?.is_some())
    }

    /// Revokes a token at a time in milliseconds since 1970; one that is revoked stays so.
    pub(crate) async fn revoke_token(&self, id: &str, at: i64) -> Result<(), StoreError> {
        self.writer.apply(sql::REVOKE_TOKEN, values![at, id]).await.map(|_| ())
    }

    /// Notes that a token was used at a time in milliseconds since 1970.
    pub(crate) async fn token_used(&self, id: &str, at: i64) -> Result<(), StoreError> {
        self.writer.apply(sql::TOKEN_USED, values![at, id]).await.map(|_| ())
    }
}

fn token(row: &Record) -> Result<Token, StoreError> {
    let scope = row.text("scope")?;
    Ok(Token {
        id: row.text("id")?,
        name: row.text("name")?,
        scope: Scope::from_word(&scope).ok_or(StoreError::Corrupt(scope))?,
        created_at: row.int("created_at")?,
        expires_at: row.maybe_int("expires_at")?,
        revoked_at: row.maybe_int("revoked_at")?,
        last_used_at: row.maybe_int("last_used_at")?,
    })
}
