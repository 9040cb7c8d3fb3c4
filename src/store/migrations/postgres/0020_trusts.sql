-- Which jobs of GitHub get a token, as JSON; an id sorts by the time of its making.
CREATE TABLE sm_trust (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
