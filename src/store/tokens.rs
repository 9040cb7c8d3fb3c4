//! Tokens: made, found by their public id, and revoked.

use super::audit::Trace;
use super::db::{Record, values};
use super::writer::Verdict;
use super::{Store, StoreError, sql};
use crate::domain::token::{Scope, Token};

impl Store {
    /// Enters a token with the digest of its secret.
    pub(crate) async fn enter_token(
        &self,
        token: &Token,
        digest: &str,
        trace: &Trace,
    ) -> Result<(), StoreError> {
        let (token, trace) = (token.clone(), trace.clone());
        let (scope, digest) = (token.scope.word(), digest.to_owned());
        let row = values![&token.id, &token.name, digest, scope, token.created_at, token.expires_at].to_vec();
        let limits = token.limits.as_ref().map(serde_json::to_string).transpose();
        let limits = limits.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let limits = limits.map(|limits| values![&token.id, limits].to_vec());
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                to.apply(sql::INSERT_TOKEN, &row).await?;
                if let Some(limits) = limits {
                    to.apply(sql::INSERT_TOKEN_LIMITS, &limits).await?;
                }
                trace.write(to, None, Some(&token)).await?;
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }

    /// A token and the digest of its secret.
    pub(crate) async fn token(&self, id: &str) -> Result<Option<(Token, String)>, StoreError> {
        let row = self.readers.whole().one(sql::ONE_TOKEN, values![id]).await?;
        row.map(|row| Ok((token(&row)?, row.text("digest")?))).transpose()
    }

    /// Every token, newest first.
    pub(crate) async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.readers.whole().query(sql::TOKENS, values![]).await?.iter().map(token).collect()
    }

    /// Whether there ever was a token.
    pub(crate) async fn has_tokens(&self) -> Result<bool, StoreError> {
        Ok(self.readers.whole().one(sql::ANY_TOKEN, values![]).await?.is_some())
    }

    /// Revokes a token at a time in milliseconds since 1970; one that is revoked stays so.
    pub(crate) async fn revoke_token(&self, id: &str, at: i64, trace: &Trace) -> Result<(), StoreError> {
        let (id, trace) = (id.to_owned(), trace.clone());
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                if to.apply(sql::REVOKE_TOKEN, values![at, &id]).await? > 0 {
                    let rows = to.query(sql::ONE_TOKEN, values![&id]).await?;
                    let after = rows.first().map(self::token).transpose()?;
                    let before = after.clone().map(|token| Token { revoked_at: None, ..token });
                    trace.write(to, before.as_ref(), after.as_ref()).await?;
                }
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }

    /// Notes that a token was used at a time in milliseconds since 1970.
    pub(crate) async fn token_used(&self, id: &str, at: i64) -> Result<(), StoreError> {
        self.writer.apply(sql::TOKEN_USED, values![at, id]).await.map(|_| ())
    }
}

fn token(row: &Record) -> Result<Token, StoreError> {
    let scope = row.text("scope")?;
    let limits = row.maybe_text("limits")?;
    // Limits that cannot be read must not become none.
    let limits = limits.map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(text)));
    Ok(Token {
        id: row.text("id")?,
        name: row.text("name")?,
        scope: Scope::from_word(&scope).ok_or(StoreError::Corrupt(scope))?,
        limits: limits.transpose()?,
        created_at: row.int("created_at")?,
        expires_at: row.maybe_int("expires_at")?,
        revoked_at: row.maybe_int("revoked_at")?,
        last_used_at: row.maybe_int("last_used_at")?,
    })
}
