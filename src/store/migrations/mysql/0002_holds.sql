-- What stands in the way of deployments: held versions, locks and freezes. A name that is null means every
-- one; names and keys are bytes of UTF-8. `slot` names what may stand once only while nobody lifted it; it is
-- null afterwards, and the row stays.
CREATE TABLE IF NOT EXISTS sm_hold (
  id VARBINARY(64) NOT NULL PRIMARY KEY,
  kind VARCHAR(32) NOT NULL,
  app VARBINARY(400),
  platform VARBINARY(400),
  environment VARBINARY(400),
  version VARBINARY(400),
  sha TEXT,
  ref TEXT,
  reason TEXT NOT NULL,
  actor TEXT,
  slot VARCHAR(64) UNIQUE,
  idempotency_key VARBINARY(1020) UNIQUE,
  request_hash VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  until_at BIGINT,
  lifted_at BIGINT,
  lifted_by TEXT,
  lift_reason TEXT
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
