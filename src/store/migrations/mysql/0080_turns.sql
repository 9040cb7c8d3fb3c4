-- Each webhook has its own turn: what it is to be told is found by the webhook, and what another one waits for is not
-- looked at.
ALTER TABLE sm_delivery ADD KEY sm_delivery_next (webhook_id, due_at, event_key), DROP KEY sm_delivery_due;
