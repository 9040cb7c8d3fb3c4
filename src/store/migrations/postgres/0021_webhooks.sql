-- Who is told of changes elsewhere. `states` are the words of the states whose beginning is told, with blanks between
-- them; an empty text means all. After a failure nothing is told before `retry_at`.
CREATE TABLE sm_webhook (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  format TEXT NOT NULL,
  states TEXT NOT NULL,
  app TEXT COLLATE "C",
  platform TEXT COLLATE "C",
  environment TEXT COLLATE "C",
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  delivered_at BIGINT,
  problem TEXT,
  failures BIGINT NOT NULL,
  retry_at BIGINT NOT NULL
);

-- What is still to be told, written in the transaction of the event and taken away when it was told.
CREATE TABLE sm_delivery (
  webhook_id TEXT COLLATE "C" NOT NULL,
  event_key TEXT COLLATE "C" NOT NULL,
  due_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (webhook_id, event_key)
);

CREATE INDEX sm_delivery_due ON sm_delivery (due_at);
