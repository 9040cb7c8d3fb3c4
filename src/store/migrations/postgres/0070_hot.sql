-- A later success changes the state of the attempt that it replaces. PostgreSQL writes such a row anew in every index,
-- unless no index looks at what changed and the page has room. So what has not ended is found by its missing end, keys
-- stand in an index only where there is one, and a fifth of each page stays free.
DROP INDEX sm_deployment_open;
CREATE INDEX sm_deployment_open ON sm_deployment (touched_at) WHERE finished_at IS NULL;
ALTER TABLE sm_deployment DROP CONSTRAINT sm_deployment_run_key_key;
ALTER TABLE sm_deployment DROP CONSTRAINT sm_deployment_idempotency_key_key;
CREATE UNIQUE INDEX sm_deployment_run_key ON sm_deployment (run_key) WHERE run_key IS NOT NULL;
CREATE UNIQUE INDEX sm_deployment_idempotency ON sm_deployment (idempotency_key) WHERE idempotency_key IS NOT NULL;
DROP INDEX sm_event_idempotency;
CREATE UNIQUE INDEX sm_event_idempotency ON sm_event (idempotency_key) WHERE idempotency_key IS NOT NULL;
ALTER TABLE sm_deployment SET (fillfactor = 80);
ALTER TABLE sm_current SET (fillfactor = 50);
