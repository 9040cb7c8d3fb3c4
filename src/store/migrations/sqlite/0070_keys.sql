-- Few events have a key, and the others need no entry.
DROP INDEX sm_event_idempotency;
CREATE UNIQUE INDEX sm_event_idempotency ON sm_event (idempotency_key) WHERE idempotency_key IS NOT NULL;
