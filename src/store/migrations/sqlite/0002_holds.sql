-- What stands in the way of deployments: held versions, locks and freezes. A name that is null means every
-- one. `slot` names what may stand once only while nobody lifted it; it is null afterwards, and the row stays.
CREATE TABLE sm_hold (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  app TEXT,
  platform TEXT,
  environment TEXT,
  version TEXT,
  sha TEXT,
  ref TEXT,
  reason TEXT NOT NULL,
  actor TEXT,
  slot TEXT UNIQUE,
  idempotency_key TEXT UNIQUE,
  request_hash TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  until_at BIGINT,
  lifted_at BIGINT,
  lifted_by TEXT,
  lift_reason TEXT
);
