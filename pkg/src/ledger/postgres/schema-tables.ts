/**
 * The tables of the books in PostgreSQL.
 *
 * Invariant: entries and postings are only ever added to. A posting counts into a balance through `folds`: what the snapshot
 * there sees stands in `balances`, the rest is summed up when it is asked for. `seals` is the same for the journal: what its
 * snapshot sees has a position and a hash in `chain`.
 */

/** Tables, indexes, and the rows of those that have one. */
export const TABLES = String.raw`
CREATE SEQUENCE IF NOT EXISTS tillproof_ledger_numbers;
CREATE TABLE IF NOT EXISTS tillproof_ledger_ids (
  id text COLLATE "C" PRIMARY KEY,
  number bigint NOT NULL,
  posted_at timestamptz NOT NULL,
  taken integer NOT NULL DEFAULT 0      -- how many entries reverse it, or release its hold
) WITH (fillfactor = 90);
CREATE TABLE IF NOT EXISTS tillproof_ledger_entries (
  number bigint NOT NULL,               -- rises with time; positions of the journal are those of chain
  posted_at timestamptz NOT NULL,
  xid xid8 NOT NULL,                    -- the transaction that added it
  id text COLLATE "C" NOT NULL,
  member text NOT NULL CHECK (member IN ('entry', 'account')),
  takes text COLLATE "C",               -- the entry it reverses, or whose hold it releases
  record text NOT NULL,                 -- canonical JSON, as it stands in the journal
  PRIMARY KEY (number, posted_at)
) PARTITION BY RANGE (posted_at);
CREATE INDEX IF NOT EXISTS tillproof_ledger_entries_by_xid ON tillproof_ledger_entries (xid);
CREATE INDEX IF NOT EXISTS tillproof_ledger_entries_by_takes ON tillproof_ledger_entries (takes) WHERE takes IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_ledger_entries_accounts ON tillproof_ledger_entries (number) WHERE member = 'account';
CREATE TABLE IF NOT EXISTS tillproof_ledger_postings (
  entry bigint NOT NULL,
  leg smallint NOT NULL,
  posted_at timestamptz NOT NULL,
  xid xid8 NOT NULL,
  account text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
  key text COLLATE "C" CHECK (key <> ''),
  side "char" NOT NULL CHECK (side IN ('d', 'c')),
  pending boolean NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0 AND (amount > 0 OR pending)),  -- below zero where a hold of this side is released
  occurred_at bigint NOT NULL,
  recorded_at bigint NOT NULL,
  PRIMARY KEY (entry, leg, posted_at)
) PARTITION BY RANGE (posted_at);
CREATE INDEX IF NOT EXISTS tillproof_ledger_postings_by_account ON tillproof_ledger_postings (account, currency, xid)
  INCLUDE (key, side, pending, amount);
CREATE TABLE IF NOT EXISTS tillproof_ledger_holds (
  id text COLLATE "C" PRIMARY KEY,      -- of the entry that holds
  expires_at bigint NOT NULL            -- in milliseconds; the row goes once this is over
);
CREATE INDEX IF NOT EXISTS tillproof_ledger_holds_by_end ON tillproof_ledger_holds (expires_at);
CREATE TABLE IF NOT EXISTS tillproof_ledger_chain (
  position bigint PRIMARY KEY,
  number bigint NOT NULL UNIQUE,
  posted_at timestamptz NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE TABLE IF NOT EXISTS tillproof_ledger_balances (
  account text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,        -- empty for the whole account
  debits numeric NOT NULL,
  credits numeric NOT NULL,
  pending_debits numeric NOT NULL,
  pending_credits numeric NOT NULL,
  keyed_debits numeric NOT NULL,        -- of the whole account: what of it belongs to keys
  keyed_credits numeric NOT NULL,
  keyed_pending_debits numeric NOT NULL,
  keyed_pending_credits numeric NOT NULL,
  PRIMARY KEY (account, currency, key)
) WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS tillproof_ledger_stripes (
  account text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  spent bigint NOT NULL DEFAULT 0,      -- how often; what counts is the lock of the row
  PRIMARY KEY (account, currency, key)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS tillproof_ledger_months (
  starts timestamptz PRIMARY KEY,
  ends timestamptz NOT NULL,
  closed boolean NOT NULL DEFAULT false -- its partitions take no row any more
);
CREATE TABLE IF NOT EXISTS tillproof_ledger_rules (
  one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1),
  version bigint NOT NULL DEFAULT 0,    -- one more with each standing of an account
  changed_by xid8 NOT NULL DEFAULT '3'  -- the transaction of the last
);
CREATE TABLE IF NOT EXISTS tillproof_ledger_folds (
  one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1),
  snapshot pg_snapshot NOT NULL DEFAULT '1:1:',
  floor timestamptz NOT NULL DEFAULT '-infinity'  -- what was posted before is folded, and nothing more is posted there
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS tillproof_ledger_seals (
  one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1),
  snapshot pg_snapshot NOT NULL DEFAULT '1:1:',
  position bigint NOT NULL DEFAULT 0,
  head text NOT NULL DEFAULT repeat('0', 64)
) WITH (fillfactor = 50);
INSERT INTO tillproof_ledger_rules DEFAULT VALUES ON CONFLICT DO NOTHING;
INSERT INTO tillproof_ledger_folds DEFAULT VALUES ON CONFLICT DO NOTHING;
INSERT INTO tillproof_ledger_seals DEFAULT VALUES ON CONFLICT DO NOTHING;
`;
