-- The releases: which commit each version of an app is. The first word on a version stands. Names are bytes of
-- UTF-8.
CREATE TABLE IF NOT EXISTS sm_release (
  app VARBINARY(400) NOT NULL,
  version VARBINARY(400) NOT NULL,
  sha VARCHAR(64) NOT NULL,
  tag TEXT NOT NULL,
  bump VARCHAR(16),
  released_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (app, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
