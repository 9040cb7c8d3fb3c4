-- Each webhook has its own turn: what it is to be told is found by the webhook, and what another one waits for is not
-- looked at.
CREATE INDEX sm_delivery_next ON sm_delivery (webhook_id, due_at, event_key);
DROP INDEX sm_delivery_due;
