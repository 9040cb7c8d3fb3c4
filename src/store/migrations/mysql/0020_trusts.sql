-- Which jobs of GitHub get a token, as JSON; an id sorts by the time of its making.
CREATE TABLE IF NOT EXISTS sm_trust (
  id VARBINARY(64) NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,
  created_at BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
