-- Only what has not ended is looked for by its state, and an end need not write the index then.
DROP INDEX sm_deployment_open;
CREATE INDEX sm_deployment_open ON sm_deployment (touched_at) WHERE state IN ('queued', 'running');

-- Each row more of an index is a page more that a write dirties. The attempts of a place are found by
-- `sm_deployment_newest` too, which is enough for the rare step that takes away what is live; and the few events of
-- an attempt by the key that holds each `seq` once.
DROP INDEX sm_deployment_good;
DROP INDEX sm_event_of;
