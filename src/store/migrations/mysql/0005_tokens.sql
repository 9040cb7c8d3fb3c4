-- Who may do what. Of a secret there is only the digest; it is random, so a slow one would protect nothing. A
-- token is found by its public id. Rows stay after they are revoked: a registry that ever had a token is closed.
CREATE TABLE IF NOT EXISTS sm_token (
  id VARBINARY(64) NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  digest VARCHAR(64) NOT NULL,
  scope VARCHAR(32) NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  last_used_at BIGINT
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
