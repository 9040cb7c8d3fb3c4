-- What is to be known of this database.
CREATE TABLE sm_meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
