-- Work that one of several processes does at a time, and until when it has it.
CREATE TABLE IF NOT EXISTS sm_task (
  name VARBINARY(64) NOT NULL PRIMARY KEY,
  holder VARBINARY(64) NOT NULL,
  until_at BIGINT NOT NULL
);
