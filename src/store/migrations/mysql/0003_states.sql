-- The states of a deployment beyond its report, and what a report says that v1 has only in its free text.
-- `touched_at` is the receipt of the last event of the client, from which the time-out counts. What was done
-- before a start broke off is passed over by its number: a statement that adds is done whole or not at all.
ALTER TABLE sm_deployment ADD COLUMN kind VARCHAR(32), ADD COLUMN reason TEXT, ADD COLUMN rollback_of BIGINT,
  ADD COLUMN group_id TEXT, ADD COLUMN digest TEXT, ADD COLUMN failed_in_use BIGINT,
  ADD COLUMN touched_at BIGINT, ADD KEY sm_deployment_open (state, touched_at);

-- `late`: a real end after a time-out. `chain` counts the events of one place from 1; each holds the hash of
-- the one before it, so that a change to what was recorded is seen. It is null in what was written before.
ALTER TABLE sm_event ADD COLUMN late BIGINT NOT NULL DEFAULT 0, ADD COLUMN note TEXT,
  ADD COLUMN idempotency_key VARBINARY(1020), ADD COLUMN chain BIGINT, ADD COLUMN prev_hash VARCHAR(64),
  ADD COLUMN hash VARCHAR(64), ADD UNIQUE KEY sm_event_idempotency (idempotency_key),
  ADD KEY sm_event_of (versions_id, chain);

-- The end of the chain of a place, under the lock of its row.
ALTER TABLE sm_current ADD COLUMN chain BIGINT NOT NULL DEFAULT 0, ADD COLUMN chain_hash VARCHAR(64);
