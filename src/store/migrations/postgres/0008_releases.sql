-- The releases: which commit each version of an app is. The first word on a version stands.
CREATE TABLE sm_release (
  app TEXT NOT NULL,
  version TEXT NOT NULL,
  sha TEXT NOT NULL,
  tag TEXT NOT NULL,
  bump TEXT,
  released_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (app, version)
);
