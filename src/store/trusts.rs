//! Which jobs of GitHub get tokens, and those that they got.

use super::audit::Trace;
use super::db::{Record, Value, values};
use super::writer::Verdict;
use super::{Store, StoreError, sql};
use crate::domain::oidc::{Given, Trust};

/// An id token that is used up.
#[derive(Debug, Clone)]
pub(crate) struct ExchangeEntry {
    /// The digest of its issuer and its id.
    pub(crate) jti: String,
    /// Until when it is remembered, in milliseconds since 1970 UTC.
    pub(crate) until: i64,
}

impl Store {
    /// Enters a rule.
    pub(crate) async fn enter_trust(&self, trust: &Trust, trace: &Trace) -> Result<(), StoreError> {
        let (trust, trace) = (trust.clone(), trace.clone());
        let rule =
            serde_json::to_string(&trust.rule).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                to.apply(sql::INSERT_TRUST, values![&trust.id, rule, trust.created_at]).await?;
                trace.write(to, None, Some(&trust)).await?;
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }

    /// Every rule, in the order in which they were made.
    pub(crate) async fn trusts(&self) -> Result<Vec<Trust>, StoreError> {
        self.readers.whole().query(sql::TRUSTS, values![]).await?.iter().map(trust).collect()
    }

    /// Takes a rule away; says whether it was there.
    pub(crate) async fn remove_trust(&self, id: &str, trace: &Trace) -> Result<bool, StoreError> {
        let (id, trace) = (id.to_owned(), trace.clone());
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                let rows = to.query(sql::ONE_TRUST, values![&id]).await?;
                let before = rows.first().map(self::trust).transpose()?;
                let there = to.apply(sql::REMOVE_TRUST, values![&id]).await? > 0;
                if there {
                    trace.write(to, before.as_ref(), None).await?;
                }
                Ok(Verdict::Keep(there))
            })
        });
        work.await
    }

    /// Enters the token that a job gets for its id token. Fails with `Taken` if that one was used before, on whichever
    /// replica.
    pub(crate) async fn exchange(
        &self,
        given: &Given,
        digest: &str,
        entry: &ExchangeEntry,
        trace: &Trace,
    ) -> Result<(), StoreError> {
        let (given, trace) = (given.clone(), trace.clone());
        let (row, limits) = super::tokens::rows(&given.token, digest)?;
        let used = values![&entry.jti, &given.token.id, &given.trust, entry.until].to_vec();
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                to.apply(sql::INSERT_EXCHANGE, &used).await?;
                super::tokens::enter(to, &row, limits.as_deref()).await?;
                trace.write(to, None, Some(&given)).await?;
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }

    /// Forgets some of the id tokens that nobody can use any more at `now`, in milliseconds since 1970 UTC, with the
    /// tokens that were given for them.
    pub(crate) async fn forget_exchanges(&self, now: i64) -> Result<(), StoreError> {
        let past = self.readers.whole().query(sql::PAST_EXCHANGES, values![now]).await?;
        if past.is_empty() {
            return Ok(());
        }
        let column = |name| {
            past.iter()
                .map(|row| Ok(values![row.text(name)?].to_vec()))
                .collect::<Result<Vec<Vec<Value>>, StoreError>>()
        };
        let (used, tokens) = (column("jti")?, column("token_id")?);
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                to.write_rows(sql::FORGET_LIMITS, &tokens).await?;
                to.write_rows(sql::FORGET_TOKENS, &tokens).await?;
                to.write_rows(sql::FORGET_EXCHANGES, &used).await?;
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }
}

fn trust(row: &Record) -> Result<Trust, StoreError> {
    let rule = row.text("rule")?;
    let rule = serde_json::from_str(&rule).map_err(|_| StoreError::Corrupt(rule))?;
    Ok(Trust { id: row.text("id")?, rule, created_at: row.int("created_at")? })
}
