-- What people say of apps and of environments. What was deployed needs no row here: it is one without a word. The
-- revision rises with each change.
CREATE TABLE sm_app (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  team TEXT,
  repo_url TEXT,
  archived_at BIGINT,
  deploy_timeout BIGINT,
  revision BIGINT NOT NULL
);

CREATE TABLE sm_environment (
  platform TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  tier TEXT,
  position BIGINT,
  url TEXT,
  zone TEXT,
  deploy_timeout BIGINT,
  revision BIGINT NOT NULL,
  PRIMARY KEY (platform, name)
);
