-- The states of a deployment beyond its report, and what a report says that v1 has only in its free text.
-- `touched_at` is the receipt of the last event of the client, from which the time-out counts.
ALTER TABLE sm_deployment ADD COLUMN kind TEXT;
ALTER TABLE sm_deployment ADD COLUMN reason TEXT;
ALTER TABLE sm_deployment ADD COLUMN rollback_of BIGINT;
ALTER TABLE sm_deployment ADD COLUMN group_id TEXT;
ALTER TABLE sm_deployment ADD COLUMN digest TEXT;
ALTER TABLE sm_deployment ADD COLUMN failed_in_use BIGINT;
ALTER TABLE sm_deployment ADD COLUMN touched_at BIGINT;
CREATE INDEX sm_deployment_open ON sm_deployment (state, touched_at);

-- `late`: a real end after a time-out. `chain` counts the events of one place from 1; each holds the hash of
-- the one before it, so that a change to what was recorded is seen. It is null in what was written before.
ALTER TABLE sm_event ADD COLUMN late BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sm_event ADD COLUMN note TEXT;
ALTER TABLE sm_event ADD COLUMN idempotency_key TEXT COLLATE "C";
ALTER TABLE sm_event ADD COLUMN chain BIGINT;
ALTER TABLE sm_event ADD COLUMN prev_hash TEXT;
ALTER TABLE sm_event ADD COLUMN hash TEXT;
CREATE UNIQUE INDEX sm_event_idempotency ON sm_event (idempotency_key);
CREATE INDEX sm_event_of ON sm_event (versions_id, chain);

-- The end of the chain of a place, under the lock of its row.
ALTER TABLE sm_current ADD COLUMN chain BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sm_current ADD COLUMN chain_hash TEXT;
