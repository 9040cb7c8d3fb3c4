-- What is to be known of this database.
CREATE TABLE IF NOT EXISTS sm_meta (
  name VARBINARY(64) NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
