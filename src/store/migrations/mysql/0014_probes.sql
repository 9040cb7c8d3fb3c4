-- Which programs the registry asks by itself, and when next.
CREATE TABLE IF NOT EXISTS sm_probe (
  app VARBINARY(400) NOT NULL,
  platform VARBINARY(400) NOT NULL,
  environment VARBINARY(400) NOT NULL,
  url TEXT NOT NULL,
  version_path TEXT,
  commit_path TEXT,
  environment_path TEXT,
  pause BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  probed_at BIGINT,
  problem TEXT,
  PRIMARY KEY (app, platform, environment),
  KEY sm_probe_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
