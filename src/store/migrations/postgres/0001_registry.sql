-- The table of API v1: these nine columns by name and order and no more, because the program that made this
-- API reads `SELECT *` by position. Where that program made the table, it stays as it is. Its indexes are made
-- one by one while others write. Whatever is ours stands in side tables with the prefix `sm_`.
CREATE TABLE IF NOT EXISTS versions (
  versions_id SERIAL PRIMARY KEY,
  workload VARCHAR(100) NOT NULL,
  platform VARCHAR(100) NOT NULL,
  environment VARCHAR(100) NOT NULL,
  version VARCHAR(100) NOT NULL,
  changelog_url TEXT DEFAULT '',
  raw TEXT DEFAULT '',
  status TEXT NOT NULL DEFAULT '',
  date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- One row per attempt. `run_key` (API v2) and `idempotency_key` (API v1) are kept for ever, because a laptop
-- may deliver a report long after it was written. Names sort by code point, as on every engine.
CREATE TABLE sm_deployment (
  versions_id BIGINT NOT NULL PRIMARY KEY REFERENCES versions (versions_id),
  app TEXT COLLATE "C" NOT NULL,
  platform TEXT COLLATE "C" NOT NULL,
  environment TEXT COLLATE "C" NOT NULL,
  run_key TEXT COLLATE "C" UNIQUE,
  idempotency_key TEXT COLLATE "C" UNIQUE,
  request_hash TEXT NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  sha TEXT,
  ref TEXT,
  dirty BIGINT,
  actor TEXT,
  run_url TEXT,
  duration BIGINT,
  started_at BIGINT NOT NULL,
  finished_at BIGINT,
  received_at BIGINT NOT NULL
);

CREATE INDEX sm_deployment_good ON sm_deployment (app, platform, environment, state, finished_at, versions_id);

CREATE INDEX sm_deployment_newest ON sm_deployment (app, platform, environment, started_at, versions_id);

-- What happened to an attempt, append-only. `seq` is the client's step; it is null for what the registry did.
CREATE TABLE sm_event (
  event_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  versions_id BIGINT NOT NULL REFERENCES versions (versions_id),
  seq BIGINT,
  from_state TEXT,
  to_state TEXT NOT NULL,
  actor TEXT,
  source TEXT NOT NULL,
  request_hash TEXT,
  forced BIGINT NOT NULL,
  clock_skew BIGINT NOT NULL,
  at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  UNIQUE (versions_id, seq)
);

-- One cell of the board: the newest attempt and the newest success. Written in the transaction of the event.
CREATE TABLE sm_current (
  app TEXT COLLATE "C" NOT NULL,
  platform TEXT COLLATE "C" NOT NULL,
  environment TEXT COLLATE "C" NOT NULL,
  versions_id BIGINT NOT NULL REFERENCES versions (versions_id),
  last_good_id BIGINT REFERENCES versions (versions_id),
  at BIGINT NOT NULL,
  PRIMARY KEY (app, platform, environment)
);
