-- The one table of a store in SQLite (tillproof/stores/sqlite).
-- The same as sqliteMigrations() of the package; whoever runs migrations himself runs this file. Running it again changes nothing.

CREATE TABLE IF NOT EXISTS tillproof_records (
  key TEXT PRIMARY KEY COLLATE BINARY,
  version INTEGER NOT NULL CHECK (version > 0),
  value TEXT NOT NULL,
  wake_at INTEGER,
  expires_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tillproof_records_by_wake_at ON tillproof_records (wake_at, key) WHERE wake_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_records_by_expires_at ON tillproof_records (expires_at, key) WHERE expires_at IS NOT NULL;
