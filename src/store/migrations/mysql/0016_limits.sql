-- What a token sees and touches, as JSON; a token without a row sees everything.
CREATE TABLE IF NOT EXISTS sm_token_limits (
  token_id VARBINARY(64) NOT NULL PRIMARY KEY,
  limits TEXT NOT NULL,
  FOREIGN KEY (token_id) REFERENCES sm_token (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
