-- The epoch of the answers of API v1. Each transaction that may change one puts a text of its own into one of the slots,
-- as its last statement; what was answered under one epoch is never an answer under another.
CREATE TABLE IF NOT EXISTS sm_epoch (
  slot BIGINT NOT NULL PRIMARY KEY,
  mark VARBINARY(64) NOT NULL
);

INSERT IGNORE INTO sm_epoch (slot, mark) VALUES (0, ''), (1, ''), (2, ''), (3, ''), (4, ''), (5, ''), (6, ''), (7, ''),
  (8, ''), (9, ''), (10, ''), (11, ''), (12, ''), (13, ''), (14, ''), (15, '');
