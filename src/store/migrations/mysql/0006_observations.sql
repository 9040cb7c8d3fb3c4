-- What was seen running at each place: one row for every span of time in which it said the same of itself.
-- `known` is 1 where the place has a record of it.
CREATE TABLE IF NOT EXISTS sm_observation (
  id VARBINARY(64) NOT NULL PRIMARY KEY,
  app VARBINARY(400) NOT NULL,
  platform VARBINARY(400) NOT NULL,
  environment VARBINARY(400) NOT NULL,
  version TEXT,
  sha VARCHAR(64),
  digest TEXT,
  started_at BIGINT,
  first_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  known BIGINT NOT NULL,
  KEY sm_observation_place (app, platform, environment, seen_at, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
