-- Which programs the registry asks by itself, and when next.
CREATE TABLE sm_probe (
  app TEXT NOT NULL,
  platform TEXT NOT NULL,
  environment TEXT NOT NULL,
  url TEXT NOT NULL,
  version_path TEXT,
  commit_path TEXT,
  environment_path TEXT,
  pause BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  probed_at BIGINT,
  problem TEXT,
  PRIMARY KEY (app, platform, environment)
);

CREATE INDEX sm_probe_due ON sm_probe (due_at);
