-- The tables of a queue in SQLite (tillproof/queues/sqlite).
-- The same as sqliteQueueSchema of the package; whoever runs migrations himself runs this file. Running it again changes nothing.

CREATE TABLE IF NOT EXISTS tillproof_deliveries (
  id INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  scheme TEXT NOT NULL,
  received_at INTEGER NOT NULL,          -- milliseconds since the epoch, as all times here
  signed_at INTEGER,
  headers TEXT,                          -- a JSON object; NULL, like the body, once the retention of payloads is over
  body BLOB                              -- the bytes that were authenticated
);
CREATE TABLE IF NOT EXISTS tillproof_jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order in which jobs were added
  queue TEXT NOT NULL,
  delivery_id INTEGER NOT NULL,
  identity TEXT NOT NULL,                -- scheme and event id
  content TEXT,                          -- what is signed, where the id is not
  event TEXT NOT NULL,                   -- id, type and what else is known of the event, as JSON
  type TEXT NOT NULL,
  order_key TEXT,
  received_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'taken', 'done', 'quarantined')),
  due_at INTEGER,                        -- when it may be taken: now, after a wait, or when a lease ends
  attempt INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,      -- one more at each taking
  error TEXT,                            -- of the last failed attempt
  settled_at INTEGER,
  CHECK ((due_at IS NOT NULL) = (state IN ('ready', 'taken')))
);
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_once ON tillproof_jobs (queue, identity);
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_once_by_content ON tillproof_jobs (queue, content) WHERE content IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_one_by_key ON tillproof_jobs (queue, order_key)
  WHERE state = 'taken' AND order_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_due ON tillproof_jobs (queue, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_in_order ON tillproof_jobs (queue, order_key, id)
  WHERE due_at IS NOT NULL AND order_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_quarantined ON tillproof_jobs (queue, settled_at) WHERE state = 'quarantined';
CREATE INDEX IF NOT EXISTS tillproof_jobs_of_delivery ON tillproof_jobs (delivery_id);
CREATE INDEX IF NOT EXISTS tillproof_deliveries_received ON tillproof_deliveries (queue, received_at);
