-- The table of API v1: these nine columns by name and order and no more, because the program that made this
-- API reads `SELECT *` by position. Where that program made the table, it stays as it is. Its indexes are made
-- apart. MySQL commits after each statement, so each can run again.
CREATE TABLE IF NOT EXISTS versions (
  versions_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  workload VARCHAR(100) NOT NULL,
  platform VARCHAR(100) NOT NULL,
  environment VARCHAR(100) NOT NULL,
  version VARCHAR(100) NOT NULL,
  changelog_url MEDIUMTEXT NOT NULL,
  raw MEDIUMTEXT NOT NULL,
  status VARCHAR(100) NOT NULL DEFAULT '',
  date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- One row per attempt. `run_key` (API v2) and `idempotency_key` (API v1) are kept for ever, because a laptop
-- may deliver a report long after it was written. Names and keys are bytes of UTF-8, four for a code point at
-- most: only so do blanks at the end of a name count on every version of the server.
CREATE TABLE IF NOT EXISTS sm_deployment (
  versions_id INT UNSIGNED NOT NULL PRIMARY KEY,
  app VARBINARY(400) NOT NULL,
  platform VARBINARY(400) NOT NULL,
  environment VARBINARY(400) NOT NULL,
  run_key VARBINARY(1020) UNIQUE,
  idempotency_key VARBINARY(1020) UNIQUE,
  request_hash VARCHAR(64) NOT NULL,
  state VARBINARY(32) NOT NULL,
  seq BIGINT NOT NULL,
  sha TEXT,
  ref TEXT,
  dirty BIGINT,
  actor TEXT,
  run_url TEXT,
  duration BIGINT,
  started_at BIGINT NOT NULL,
  finished_at BIGINT,
  received_at BIGINT NOT NULL,
  KEY sm_deployment_good (app, platform, environment, state, finished_at, versions_id),
  KEY sm_deployment_newest (app, platform, environment, started_at, versions_id),
  FOREIGN KEY (versions_id) REFERENCES versions (versions_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What happened to an attempt, append-only. `seq` is the client's step; it is null for what the registry did.
CREATE TABLE IF NOT EXISTS sm_event (
  event_key VARBINARY(255) NOT NULL PRIMARY KEY,
  versions_id INT UNSIGNED NOT NULL,
  seq BIGINT,
  from_state VARCHAR(32),
  to_state VARCHAR(32) NOT NULL,
  actor TEXT,
  source VARCHAR(32) NOT NULL,
  request_hash VARCHAR(64),
  forced BIGINT NOT NULL,
  clock_skew BIGINT NOT NULL,
  at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  UNIQUE KEY sm_event_seq (versions_id, seq),
  FOREIGN KEY (versions_id) REFERENCES versions (versions_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- One cell of the board: the newest attempt and the newest success. Written in the transaction of the event.
CREATE TABLE IF NOT EXISTS sm_current (
  app VARBINARY(400) NOT NULL,
  platform VARBINARY(400) NOT NULL,
  environment VARBINARY(400) NOT NULL,
  versions_id INT UNSIGNED NOT NULL,
  last_good_id INT UNSIGNED,
  at BIGINT NOT NULL,
  PRIMARY KEY (app, platform, environment),
  FOREIGN KEY (versions_id) REFERENCES versions (versions_id),
  FOREIGN KEY (last_good_id) REFERENCES versions (versions_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
