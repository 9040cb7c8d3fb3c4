-- Who changed what, and how it was before and after, as JSON. An id sorts by the time of its entry; rows are only added.
CREATE TABLE IF NOT EXISTS sm_audit (
  id VARBINARY(64) NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  token_id VARBINARY(64),
  name TEXT NOT NULL,
  action VARCHAR(64) NOT NULL,
  subject VARBINARY(1400) NOT NULL,
  was TEXT,
  became TEXT,
  request_id VARCHAR(64)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
