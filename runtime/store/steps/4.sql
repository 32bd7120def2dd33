-- What a reference to a file names, by the content (sync/belongings/files.h): so the content of a file that a record still names is known without
-- reading it again, and a content that a system has already is not sent there a second time. A row that no read has met for as long as
-- operations are kept leaves; the file is read once more then.
CREATE TABLE files (
  connection TEXT NOT NULL,      -- of a collection with a bucket of its own "connection/bucket"
  ref        TEXT NOT NULL,      -- as the connection's records hold it, as text
  sha256     TEXT NOT NULL,      -- of the content, in hex
  size       INTEGER NOT NULL,   -- bytes
  name       TEXT NOT NULL,      -- as people see it
  uploaded   INTEGER NOT NULL,   -- 1: we put it there; what the system made of the bytes (metadata taken out) may differ from them
  seen_at    INTEGER NOT NULL,   -- when a record was read that names it, to the day
  PRIMARY KEY (connection, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX files_by_time ON files (seen_at);
