-- Who changed what, and how it was before and after, as JSON. An id sorts by the time of its entry; rows are only added.
CREATE TABLE sm_audit (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  token_id TEXT COLLATE "C",
  name TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  was TEXT,
  became TEXT,
  request_id TEXT
);
