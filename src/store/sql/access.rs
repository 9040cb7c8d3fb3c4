//! The texts about tokens and about who changed what.

/// One entry of the log of changes. No text changes or removes one.
pub(in crate::store) const INSERT_AUDIT: &str = "INSERT INTO sm_audit (id, at, token_id, name, action, subject, was, became, \
    request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Entries, newest first, as their ids sort by time. A filter that is null lets everything through.
pub(in crate::store) const AUDIT: &str = "SELECT id, at, token_id, name, action, subject, was, became, request_id \
    FROM sm_audit WHERE ($1 IS NULL OR action = $1) AND ($2 IS NULL OR token_id = $2) \
    AND ($3 IS NULL OR subject = $3) AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5";

/// One token.
pub(in crate::store) const INSERT_TOKEN: &str = "INSERT INTO sm_token (id, name, digest, scope, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6)";

/// What one token sees and touches.
pub(in crate::store) const INSERT_TOKEN_LIMITS: &str =
    "INSERT INTO sm_token_limits (token_id, limits) VALUES ($1, $2)";

/// One token, by its public id.
pub(in crate::store) const ONE_TOKEN: &str = "SELECT id, name, digest, scope, created_at, expires_at, revoked_at, \
    last_used_at, limits FROM sm_token LEFT JOIN sm_token_limits ON token_id = id WHERE id = $1";

/// Every token, newest first.
pub(in crate::store) const TOKENS: &str = "SELECT id, name, scope, created_at, expires_at, revoked_at, last_used_at, \
    limits FROM sm_token LEFT JOIN sm_token_limits ON token_id = id ORDER BY created_at DESC, id";

/// Any token, whatever became of it.
pub(in crate::store) const ANY_TOKEN: &str = "SELECT id FROM sm_token LIMIT 1";

/// Ends a token, unless that was done before.
pub(in crate::store) const REVOKE_TOKEN: &str =
    "UPDATE sm_token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";

/// The last use of a token, which moves on only.
pub(in crate::store) const TOKEN_USED: &str =
    "UPDATE sm_token SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";

/// One rule of whom to believe.
pub(in crate::store) const INSERT_TRUST: &str =
    "INSERT INTO sm_trust (id, rule, created_at) VALUES ($1, $2, $3)";

/// Every rule, in the order of their making, as their ids sort by time.
pub(in crate::store) const TRUSTS: &str = "SELECT id, rule, created_at FROM sm_trust ORDER BY id";

/// One rule.
pub(in crate::store) const ONE_TRUST: &str = "SELECT id, rule, created_at FROM sm_trust WHERE id = $1";

/// No rule any more.
pub(in crate::store) const REMOVE_TRUST: &str = "DELETE FROM sm_trust WHERE id = $1";

/// Uses an id token up; fails if that was done before.
pub(in crate::store) const INSERT_EXCHANGE: &str =
    "INSERT INTO sm_exchange (jti, token_id, trust_id, until_at) VALUES ($1, $2, $3, $4)";

/// Some id tokens that nobody can use any more, each with what was given for it.
pub(in crate::store) const PAST_EXCHANGES: &str =
    "SELECT jti, token_id FROM sm_exchange WHERE until_at <= $1 ORDER BY until_at, jti LIMIT 100";

/// Forgets them: first the limits, then the tokens, then the id tokens themselves. By their keys, so that nobody who enters
/// one waits for it.
pub(in crate::store) const FORGET_LIMITS: &str = "DELETE FROM sm_token_limits WHERE token_id IN (($1))";
pub(in crate::store) const FORGET_TOKENS: &str = "DELETE FROM sm_token WHERE id IN (($1))";
pub(in crate::store) const FORGET_EXCHANGES: &str = "DELETE FROM sm_exchange WHERE jti IN (($1))";

#[cfg(test)]
mod tests {
    #[test]
    fn the_log_of_changes_is_only_added_to() {
        let texts = include_str!("access.rs").split("#[cfg(test)]").next().unwrap();
        for word in ["UPDATE sm_audit", "DELETE FROM sm_audit", "INTO sm_audit", "FROM sm_audit"] {
            assert_eq!(texts.matches(word).count(), usize::from(!word.starts_with(['U', 'D'])), "{word}");
        }
    }
}
