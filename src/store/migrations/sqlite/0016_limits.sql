-- What a token sees and touches, as JSON; a token without a row sees everything.
CREATE TABLE sm_token_limits (
  token_id TEXT NOT NULL PRIMARY KEY REFERENCES sm_token (id),
  limits TEXT NOT NULL
);
