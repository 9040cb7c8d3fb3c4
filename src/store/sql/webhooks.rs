//! Webhooks and what they are still to be told.

/// Notes for every webhook that wants one of these events that it is to be told, in the transaction of the events.
/// No word of a state holds another.
pub(in crate::store) const QUEUE: &str = "INSERT INTO sm_delivery (webhook_id, event_key, due_at, created_at) \
    SELECT w.id, e.event_key, e.received_at, e.received_at FROM sm_webhook w CROSS JOIN sm_event e JOIN sm_deployment d ON d.versions_id = e.versions_id \
    WHERE w.active = 1 AND (w.states = '' OR {instr}(w.states, e.to_state) > 0) \
    AND (w.app IS NULL OR w.app = d.app) AND (w.platform IS NULL OR w.platform = d.platform) \
    AND (w.environment IS NULL OR w.environment = d.environment) AND e.event_key IN (($1))";

/// Whether anyone is told of anything.
pub(in crate::store) const ANY: &str = "SELECT id FROM sm_webhook WHERE active = 1 LIMIT 1";

/// The webhooks after an id, or one, each with how much waits.
pub(in crate::store) const WEBHOOKS: &str = "SELECT w.id, w.url, w.format, w.states, w.app, w.platform, \
    w.environment, w.active, w.created_at, w.delivered_at, w.problem, (SELECT COUNT(*) FROM sm_delivery q \
    WHERE q.webhook_id = w.id) AS waiting FROM sm_webhook w WHERE w.id > $1 AND ($2 IS NULL OR w.id = $2) \
    ORDER BY w.id LIMIT $3";

pub(in crate::store) const INSERT_WEBHOOK: &str = "INSERT INTO sm_webhook (url, secret, format, states, app, \
    platform, environment, active, id, created_at, failures, retry_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0)";

/// Locks a webhook as it is.
pub(in crate::store) const KEEP_WEBHOOK: &str = "UPDATE sm_webhook SET id = id WHERE id = $1";

/// Sets everything but the secret, which stays if none is given; what waits may be told at once.
pub(in crate::store) const UPDATE_WEBHOOK: &str = "UPDATE sm_webhook SET url = $1, secret = COALESCE($2, secret), \
    format = $3, states = $4, app = $5, platform = $6, environment = $7, active = $8, failures = 0, retry_at = 0 \
    WHERE id = $9";

pub(in crate::store) const DELETE_WEBHOOK: &str = "DELETE FROM sm_webhook WHERE id = $1";

/// Forgets what one was to be told.
pub(in crate::store) const DELETE_DELIVERIES: &str = "DELETE FROM sm_delivery WHERE webhook_id = $1";

/// The next webhook, by its id, that was to be told something, whether it is still there or not.
pub(in crate::store) const NEXT_QUEUED: &str =
    "SELECT webhook_id FROM sm_delivery WHERE webhook_id > $1 ORDER BY webhook_id LIMIT 1";

/// Whether one is told anything.
pub(in crate::store) const IS_TOLD: &str = "SELECT id FROM sm_webhook WHERE id = $1 AND active = 1";

/// Which webhooks are to be told something now.
pub(in crate::store) const WAITING: &str = "SELECT w.id FROM sm_webhook w WHERE w.active = 1 AND w.retry_at <= $1 \
    AND EXISTS (SELECT 1 FROM sm_delivery q WHERE q.webhook_id = w.id AND q.due_at <= $1) ORDER BY w.id";

/// What one is to be told now, the longest waiting first.
pub(in crate::store) const DUE: &str = "SELECT q.webhook_id, q.event_key, q.due_at, w.url, w.secret, w.format, \
    w.failures, w.retry_at FROM sm_delivery q JOIN sm_webhook w ON w.id = q.webhook_id \
    WHERE q.webhook_id = $1 AND q.due_at <= $2 AND w.active = 1 AND w.retry_at <= $2 \
    ORDER BY q.due_at, q.event_key LIMIT $3";

/// One of several processes takes one: that which still finds it due. A change of the webhook moves none.
pub(in crate::store) const CLAIM: &str =
    "UPDATE sm_delivery SET due_at = $1 WHERE webhook_id = $2 AND event_key = $3 AND due_at = $4";

/// After a failure one of several processes takes the webhook with it, so that one message alone shows how it is.
pub(in crate::store) const TRY: &str =
    "UPDATE sm_webhook SET retry_at = $1 WHERE id = $2 AND retry_at = $3 AND failures = $4";

/// It was told, or cannot be.
pub(in crate::store) const TOLD: &str = "DELETE FROM sm_delivery WHERE webhook_id = $1 AND event_key = $2";

pub(in crate::store) const WEBHOOK_GOOD: &str =
    "UPDATE sm_webhook SET delivered_at = $1, problem = NULL, failures = 0, retry_at = 0 WHERE id = $2";

/// It was not asked after all, so the next message shows how it is.
pub(in crate::store) const UNTRIED: &str =
    "UPDATE sm_webhook SET retry_at = 0 WHERE id = $1 AND failures = $2";

/// It does not answer, and is told nothing for a while. Of those that fail together the first counts.
pub(in crate::store) const WEBHOOK_BAD: &str = "UPDATE sm_webhook SET problem = $1, failures = failures + 1, \
    retry_at = $2 WHERE id = $3 AND failures = $4";

/// One that was taken is given back, with a time that it never had: who saw it before does not take it for the same.
pub(in crate::store) const GIVE_BACK: &str =
    "UPDATE sm_delivery SET due_at = $1 WHERE webhook_id = $2 AND event_key = $3";

/// What waits for too long is given up.
pub(in crate::store) const GIVE_UP: &str =
    "DELETE FROM sm_delivery WHERE webhook_id = $1 AND created_at <= $2";
