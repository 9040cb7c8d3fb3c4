-- The span of every week in which a hold holds, as JSON; a hold without one holds at any time.
CREATE TABLE IF NOT EXISTS sm_hold_week (
  hold_id VARBINARY(64) NOT NULL PRIMARY KEY,
  weekly TEXT NOT NULL,
  FOREIGN KEY (hold_id) REFERENCES sm_hold (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
