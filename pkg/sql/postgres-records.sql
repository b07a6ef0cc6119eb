-- The one table of a store in PostgreSQL (tillproof/stores/postgres).
-- The same as postgresMigrations() of the package; whoever runs migrations himself runs this file. Running it again changes nothing.

CREATE TABLE IF NOT EXISTS tillproof_records (
  key text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL CHECK (version > 0),
  value text NOT NULL,
  wake_at bigint,
  expires_at bigint
);
CREATE INDEX IF NOT EXISTS tillproof_records_by_wake_at ON tillproof_records (wake_at, key) WHERE wake_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_records_by_expires_at ON tillproof_records (expires_at) WHERE expires_at IS NOT NULL;
