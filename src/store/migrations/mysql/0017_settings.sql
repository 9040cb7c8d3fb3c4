-- What people say of apps and of environments. What was deployed needs no row here: it is one without a word. The
-- revision rises with each change.
CREATE TABLE IF NOT EXISTS sm_app (
  name VARBINARY(400) NOT NULL PRIMARY KEY,
  team TEXT,
  repo_url TEXT,
  archived_at BIGINT,
  deploy_timeout BIGINT,
  revision BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS sm_environment (
  platform VARBINARY(400) NOT NULL,
  name VARBINARY(400) NOT NULL,
  tier TEXT,
  position BIGINT,
  url TEXT,
  zone TEXT,
  deploy_timeout BIGINT,
  revision BIGINT NOT NULL,
  PRIMARY KEY (platform, name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
