-- What went wrong while programs ran; names and keys are bytes of UTF-8.
CREATE TABLE IF NOT EXISTS sm_incident (
  id VARBINARY(64) NOT NULL PRIMARY KEY,
  app VARBINARY(400) NOT NULL,
  platform VARBINARY(400) NOT NULL,
  environment VARBINARY(400) NOT NULL,
  title TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  resolved_at BIGINT,
  cause BIGINT,
  actor TEXT,
  idempotency_key VARBINARY(1020) UNIQUE,
  request_hash VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  KEY sm_incident_place (app, platform, environment, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
