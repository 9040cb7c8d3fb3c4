-- The id tokens that are used up, by a digest of issuer and id, each with the token that was given for it.
CREATE TABLE sm_exchange (
  jti TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  token_id TEXT COLLATE "C" NOT NULL,
  trust_id TEXT COLLATE "C" NOT NULL,
  until_at BIGINT NOT NULL
);
