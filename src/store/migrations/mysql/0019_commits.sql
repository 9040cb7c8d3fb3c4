-- The commits that a deployment brought, as its client told them once: what its own commit has and the one that ran there
-- before lacks. Without that one the list goes back to the first commit of all.
CREATE TABLE IF NOT EXISTS sm_commit_list (
  versions_id BIGINT NOT NULL PRIMARY KEY,
  app VARBINARY(400) NOT NULL,
  head VARCHAR(64) NOT NULL,
  since VARCHAR(64),
  truncated BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  KEY sm_commit_list_app (app, versions_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS sm_commit (
  versions_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  sha VARCHAR(64) NOT NULL,
  parents TEXT NOT NULL,
  at BIGINT NOT NULL,
  subject TEXT NOT NULL,
  breaking BIGINT NOT NULL,
  PRIMARY KEY (versions_id, position)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
