-- What went wrong while programs ran.
CREATE TABLE sm_incident (
  id TEXT NOT NULL PRIMARY KEY,
  app TEXT NOT NULL,
  platform TEXT NOT NULL,
  environment TEXT NOT NULL,
  title TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  resolved_at BIGINT,
  cause BIGINT,
  actor TEXT,
  idempotency_key TEXT UNIQUE,
  request_hash TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE INDEX sm_incident_place ON sm_incident (app, platform, environment, id);
