-- Who is told of changes elsewhere. `states` are the words of the states whose beginning is told, with blanks between
-- them; an empty text means all. After a failure nothing is told before `retry_at`.
CREATE TABLE IF NOT EXISTS sm_webhook (
  id VARBINARY(64) NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  format TEXT NOT NULL,
  states TEXT NOT NULL,
  app VARBINARY(400),
  platform VARBINARY(400),
  environment VARBINARY(400),
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  delivered_at BIGINT,
  problem TEXT,
  failures BIGINT NOT NULL,
  retry_at BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What is still to be told, written in the transaction of the event and taken away when it was told.
CREATE TABLE IF NOT EXISTS sm_delivery (
  webhook_id VARBINARY(64) NOT NULL,
  event_key VARBINARY(255) NOT NULL,
  due_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (webhook_id, event_key),
  KEY sm_delivery_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

