-- Work that one of several processes does at a time, and until when it has it.
CREATE TABLE sm_task (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  until_at BIGINT NOT NULL
);
