-- The id tokens that are past are looked for every few seconds.
CREATE INDEX sm_exchange_until ON sm_exchange (until_at);
