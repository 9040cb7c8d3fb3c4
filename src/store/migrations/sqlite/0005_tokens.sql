-- Who may do what. Of a secret there is only the digest; it is random, so a slow one would protect nothing. A
-- token is found by its public id. Rows stay after they are revoked: a registry that ever had a token is closed.
CREATE TABLE sm_token (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  scope TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  last_used_at BIGINT
);
