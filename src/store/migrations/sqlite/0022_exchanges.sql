-- The id tokens that are used up, by a digest of issuer and id, each with the token that was given for it.
CREATE TABLE sm_exchange (
  jti TEXT NOT NULL PRIMARY KEY,
  token_id TEXT NOT NULL,
  trust_id TEXT NOT NULL,
  until_at BIGINT NOT NULL
);
