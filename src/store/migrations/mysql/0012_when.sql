-- The history of all places, newest first, page by page.
ALTER TABLE sm_deployment ADD KEY sm_deployment_when (started_at, versions_id);
