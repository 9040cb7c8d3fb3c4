-- The span of every week in which a hold holds, as JSON; a hold without one holds at any time.
CREATE TABLE sm_hold_week (
  hold_id TEXT NOT NULL PRIMARY KEY REFERENCES sm_hold (id),
  weekly TEXT NOT NULL
);
