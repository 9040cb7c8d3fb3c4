-- Only what has not ended is looked for by its state, and an end need not write the index then.
DROP INDEX sm_deployment_open;
CREATE INDEX sm_deployment_open ON sm_deployment (touched_at) WHERE state IN ('queued', 'running');

-- Each row more of an index is a page more that a write dirties. The attempts of a place are found by
-- `sm_deployment_newest` too, which is enough for the rare step that takes away what is live; and the few events of
-- an attempt by the key that holds each `seq` once.
DROP INDEX sm_deployment_good;
DROP INDEX sm_event_of;

-- Each of these keys is looked up once more for every row. What one transaction writes holds together without them,
-- and whoever deletes old rows of `versions` by hand may do so.
ALTER TABLE sm_deployment DROP CONSTRAINT sm_deployment_versions_id_fkey;
ALTER TABLE sm_event DROP CONSTRAINT sm_event_versions_id_fkey;
ALTER TABLE sm_current DROP CONSTRAINT sm_current_versions_id_fkey;
ALTER TABLE sm_current DROP CONSTRAINT sm_current_last_good_id_fkey;
