-- What was seen running at each place: one row for every span of time in which it said the same of itself.
-- `known` is 1 where the place has a record of it.
CREATE TABLE sm_observation (
  id TEXT NOT NULL PRIMARY KEY,
  app TEXT NOT NULL,
  platform TEXT NOT NULL,
  environment TEXT NOT NULL,
  version TEXT,
  sha TEXT,
  digest TEXT,
  started_at BIGINT,
  first_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  known BIGINT NOT NULL
);

CREATE INDEX sm_observation_place ON sm_observation (app, platform, environment, seen_at, id);
