-- The history of all places, newest first, page by page.
CREATE INDEX sm_deployment_when ON sm_deployment (started_at, versions_id);
