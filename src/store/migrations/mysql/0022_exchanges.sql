-- The id tokens that are used up, by a digest of issuer and id, each with the token that was given for it.
CREATE TABLE IF NOT EXISTS sm_exchange (
  jti VARBINARY(64) NOT NULL PRIMARY KEY,
  token_id VARBINARY(64) NOT NULL,
  trust_id VARBINARY(64) NOT NULL,
  until_at BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
