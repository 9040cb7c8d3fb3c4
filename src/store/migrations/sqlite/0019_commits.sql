-- The commits that a deployment brought, as its client told them once: what its own commit has and the one that ran there
-- before lacks. Without that one the list goes back to the first commit of all.
CREATE TABLE sm_commit_list (
  versions_id BIGINT NOT NULL PRIMARY KEY,
  app TEXT NOT NULL,
  head TEXT NOT NULL,
  since TEXT,
  truncated BIGINT NOT NULL,
  received_at BIGINT NOT NULL
);

CREATE INDEX sm_commit_list_app ON sm_commit_list (app, versions_id);

CREATE TABLE sm_commit (
  versions_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  sha TEXT NOT NULL,
  parents TEXT NOT NULL,
  at BIGINT NOT NULL,
  subject TEXT NOT NULL,
  breaking BIGINT NOT NULL,
  PRIMARY KEY (versions_id, position)
);
