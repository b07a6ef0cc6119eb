-- The books in PostgreSQL 14 and later (tillproof/ledger/postgres).
-- The same as postgresLedgerMigrations() of the package; whoever runs migrations himself runs this file. Running it again changes nothing.
--
-- entries and postings are only ever added to. A posting counts into a balance through folds: what the snapshot there sees
-- stands in balances, the rest is summed up when it is asked for. seals is the same for the journal: what its snapshot sees
-- has a position and a hash in chain.

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

-- What a record does to the sums of accounts. The rows of postings are these and no others.
CREATE OR REPLACE FUNCTION tillproof_ledger_legs(record json)
RETURNS TABLE (leg smallint, account text, currency text, key text, side "char", pending boolean, amount bigint)
LANGUAGE sql IMMUTABLE AS $$
  SELECT place::smallint, posting->>'account', posting->>'currency', posting->>'key',
    (CASE WHEN (posting->>'side' = 'debit') <> (pending AND releases) THEN 'd' ELSE 'c' END)::"char",
    pending, (posting->>'amount_minor')::bigint * CASE WHEN pending AND releases THEN -1 ELSE 1 END
  FROM json_array_elements($1->'postings') WITH ORDINALITY AS postings (posting, place),
    LATERAL (SELECT coalesce(posting->>'layer', '') = 'pending' AS pending) AS layer,
    (SELECT EXISTS (
      SELECT FROM json_array_elements($1->'links') AS link WHERE link->>'relation' IN ('captures', 'voids', 'expires')
    ) AS releases) AS relation
$$;

CREATE OR REPLACE FUNCTION tillproof_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the books are only added to: take back what is wrong with a reversal' USING ERRCODE = 'TP003';
END $$;

CREATE OR REPLACE FUNCTION tillproof_ledger_weigh() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
BEGIN
  SELECT entry, currency, sum(CASE side WHEN 'd' THEN amount ELSE -amount END) AS rest INTO wrong FROM added
  GROUP BY entry, currency, pending, account LIKE 'Memo:%'
  HAVING sum(CASE side WHEN 'd' THEN amount ELSE -amount END) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % does not balance: % minor units % are missing', wrong.entry, wrong.rest, wrong.currency USING ERRCODE = 'TP004';
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tillproof_ledger_weighed AFTER INSERT ON tillproof_ledger_postings
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tillproof_ledger_weigh();
CREATE OR REPLACE TRIGGER tillproof_ledger_kept BEFORE UPDATE OR DELETE ON tillproof_ledger_postings
  FOR EACH ROW EXECUTE FUNCTION tillproof_ledger_refuse();
CREATE OR REPLACE TRIGGER tillproof_ledger_kept BEFORE UPDATE OR DELETE ON tillproof_ledger_entries
  FOR EACH ROW EXECUTE FUNCTION tillproof_ledger_refuse();
CREATE OR REPLACE TRIGGER tillproof_ledger_kept BEFORE UPDATE OR DELETE ON tillproof_ledger_chain
  FOR EACH ROW EXECUTE FUNCTION tillproof_ledger_refuse();

-- The sums of an account, or of one key in it: what is folded and what is not, of one moment. since prunes partitions: a floor
-- that was read before will do.
CREATE OR REPLACE FUNCTION tillproof_ledger_sums(the_account text, the_currency text, the_key text, since timestamptz)
RETURNS TABLE (debits numeric, credits numeric, pending_debits numeric, pending_credits numeric,
  keyed_debits numeric, keyed_credits numeric, keyed_pending_debits numeric, keyed_pending_credits numeric)
LANGUAGE sql STABLE AS $$
  SELECT
    coalesce(b.debits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'd' AND NOT t.pending), 0),
    coalesce(b.credits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'c' AND NOT t.pending), 0),
    coalesce(b.pending_debits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'd' AND t.pending), 0),
    coalesce(b.pending_credits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'c' AND t.pending), 0),
    coalesce(b.keyed_debits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'd' AND NOT t.pending AND t.key IS NOT NULL), 0),
    coalesce(b.keyed_credits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'c' AND NOT t.pending AND t.key IS NOT NULL), 0),
    coalesce(b.keyed_pending_debits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'd' AND t.pending AND t.key IS NOT NULL), 0),
    coalesce(b.keyed_pending_credits, 0) + coalesce(sum(t.amount) FILTER (WHERE t.side = 'c' AND t.pending AND t.key IS NOT NULL), 0)
  FROM (SELECT 1) AS one
  LEFT JOIN tillproof_ledger_balances AS b ON b.account = $1 AND b.currency = $2 AND b.key = coalesce($3, '')
  LEFT JOIN (
    SELECT p.key, p.side, p.pending, p.amount FROM tillproof_ledger_postings AS p
    WHERE p.account = $1 AND p.currency = $2 AND p.posted_at >= $4
      -- The upper end takes nothing away. It makes a range, of which the planner expects few rows; of one bound it expects a
      -- third of all there are, and reads the whole history of a busy account.
      AND p.xid >= (SELECT pg_snapshot_xmax(f.snapshot) FROM tillproof_ledger_folds AS f WHERE f.one = 1)
      AND p.xid < '18446744073709551615'
    UNION ALL
    SELECT p.key, p.side, p.pending, p.amount FROM tillproof_ledger_postings AS p
    WHERE p.account = $1 AND p.currency = $2 AND p.posted_at >= $4
      -- Those that were under way lie in this range, which says the same of them to the planner.
      AND p.xid >= (SELECT pg_snapshot_xmin(f.snapshot) FROM tillproof_ledger_folds AS f WHERE f.one = 1)
      AND p.xid < (SELECT pg_snapshot_xmax(f.snapshot) FROM tillproof_ledger_folds AS f WHERE f.one = 1)
      AND p.xid = ANY (ARRAY(SELECT pg_snapshot_xip(f.snapshot) FROM tillproof_ledger_folds AS f WHERE f.one = 1))
  ) AS t ON $3 IS NULL OR t.key = $3
  GROUP BY b.account, b.currency, b.key
$$;

-- What can be taken from a side: its balance less what is held against it; loose is what of it belongs to no key.
CREATE OR REPLACE FUNCTION tillproof_ledger_available(the_account text, the_currency text, the_key text, the_side text, since timestamptz)
RETURNS TABLE (available numeric, loose numeric) LANGUAGE sql STABLE AS $$
  SELECT CASE $4 WHEN 'credit' THEN credits - debits - pending_debits ELSE debits - credits - pending_credits END,
    CASE $4 WHEN 'credit' THEN credits - debits - pending_debits - (keyed_credits - keyed_debits - keyed_pending_debits)
      ELSE debits - credits - pending_credits - (keyed_debits - keyed_credits - keyed_pending_credits) END
  FROM tillproof_ledger_sums($1, $2, $3, $5)
$$;

-- An id that is there already: the same record, or another.
CREATE OR REPLACE FUNCTION tillproof_ledger_known(the_id text, body json, OUT status text, OUT number bigint, OUT detail text)
LANGUAGE plpgsql AS $$
DECLARE
  before text;
BEGIN
  SELECT i.number, e.record INTO number, before FROM tillproof_ledger_ids AS i
  JOIN tillproof_ledger_entries AS e ON e.number = i.number AND e.posted_at = i.posted_at WHERE i.id = the_id;
  -- How the news arrived is not compared.
  IF before::jsonb - 'recorded_at' - 'cause' = body::jsonb - 'recorded_at' - 'cause' THEN
    status := 'exists';
  ELSE
    status := 'different';
    detail := before;
  END IF;
END $$;

-- Posts one record that the engine has checked. plan is {"record", "member", "rules", "takes"?, "taken"?, "demands"?}.
-- Nothing is written unless the status is created.
CREATE OR REPLACE FUNCTION tillproof_ledger_post_one(plan json, OUT status text, OUT number bigint, OUT detail text)
LANGUAGE plpgsql AS $$
DECLARE
  body CONSTANT json := (plan->>'record')::json;
  the_id CONSTANT text := body->>'id';
  the_member CONSTANT text := plan->>'member';
  the_takes CONSTANT text := plan->>'takes';
  rules bigint;
  folded pg_snapshot;
  sealed pg_snapshot;
  since timestamptz;
  moment timestamptz;
  before integer;
  demand record;
  stock numeric;
  unkeyed numeric;
BEGIN
  -- A standing is alone with the postings, so that none overtakes it. All others share this lock, which is the one an INSERT takes.
  IF the_member = 'account' THEN
    LOCK TABLE ONLY tillproof_ledger_postings IN SHARE ROW EXCLUSIVE MODE;
  ELSE
    LOCK TABLE ONLY tillproof_ledger_postings IN ROW EXCLUSIVE MODE;
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    -- What this transaction sees may be old: where it is, it fails here (40001).
    PERFORM FROM tillproof_ledger_rules FOR SHARE;
  END IF;
  SELECT r.version, f.snapshot, s.snapshot, f.floor INTO rules, folded, sealed, since
  FROM tillproof_ledger_rules AS r, tillproof_ledger_folds AS f, tillproof_ledger_seals AS s WHERE r.one = 1 AND f.one = 1 AND s.one = 1;
  IF pg_visible_in_snapshot(pg_current_xact_id(), folded) OR pg_visible_in_snapshot(pg_current_xact_id(), sealed) THEN
    RAISE EXCEPTION 'these books come from another server: its transactions are ahead of those of this one' USING ERRCODE = 'TP001';
  END IF;
  PERFORM FROM tillproof_ledger_ids AS i WHERE i.id = the_id;
  IF FOUND THEN
    SELECT * INTO status, number, detail FROM tillproof_ledger_known(the_id, body);
    RETURN;
  END IF;
  IF rules <> (plan->>'rules')::bigint THEN
    status := 'rules';
    RETURN;
  END IF;
  IF the_takes IS NOT NULL THEN
    SELECT i.taken INTO before FROM tillproof_ledger_ids AS i WHERE i.id = the_takes FOR NO KEY UPDATE;
    IF before IS DISTINCT FROM (plan->>'taken')::integer THEN
      status := 'taken';
      RETURN;
    END IF;
  END IF;
  IF the_member = 'account' AND body->>'state' = 'closed' THEN
    detail := tillproof_ledger_standing_on(body->>'account');
    IF detail IS NOT NULL THEN
      status := 'not_empty';
      RETURN;
    END IF;
  END IF;
  -- In one order for all, so that nobody waits in a circle.
  FOR demand IN
    SELECT * FROM json_to_recordset(plan->'demands') AS d (account text, currency text, key text, side text, change numeric, loose numeric)
    ORDER BY account COLLATE "C", currency, key COLLATE "C" NULLS FIRST
  LOOP
    -- Only the very first of an account is waited for here: its row is not there for others before it commits.
    INSERT INTO tillproof_ledger_stripes (account, currency, key) VALUES (demand.account, demand.currency, coalesce(demand.key, ''))
    ON CONFLICT DO NOTHING;
    IF demand.key IS NULL AND demand.loose >= 0 THEN
      -- All that is taken is taken from keys, each of which has a stripe of its own: others may do the same meanwhile.
      PERFORM FROM tillproof_ledger_stripes AS s
      WHERE s.account = demand.account AND s.currency = demand.currency AND s.key = '' FOR SHARE;
      SELECT a.available, a.loose INTO stock, unkeyed FROM tillproof_ledger_available(demand.account, demand.currency, NULL, demand.side, since) AS a;
    END IF;
    IF demand.key IS NOT NULL OR demand.loose < 0 OR unkeyed < 0 THEN
      UPDATE tillproof_ledger_stripes AS s SET spent = spent + 1
      WHERE s.account = demand.account AND s.currency = demand.currency AND s.key = coalesce(demand.key, '');
      SELECT a.available INTO stock FROM tillproof_ledger_available(demand.account, demand.currency, demand.key, demand.side, since) AS a;
    END IF;
    IF stock + demand.change < 0 THEN
      -- The same record may have been posted while this one waited.
      PERFORM FROM tillproof_ledger_ids AS i WHERE i.id = the_id;
      IF FOUND THEN
        SELECT * INTO status, number, detail FROM tillproof_ledger_known(the_id, body);
      ELSE
        status := 'limit';
        detail := json_build_object('account', demand.account, 'key', demand.key, 'currency', demand.currency, 'side', demand.side,
          'available', stock::text, 'after', (stock + demand.change)::text)::text;
      END IF;
      RETURN;
    END IF;
  END LOOP;
  moment := greatest(clock_timestamp(), since);
  INSERT INTO tillproof_ledger_ids AS i (id, number, posted_at) VALUES (the_id, nextval('tillproof_ledger_numbers'), moment)
  ON CONFLICT (id) DO NOTHING RETURNING i.number INTO number;
  IF NOT FOUND THEN
    SELECT * INTO status, number, detail FROM tillproof_ledger_known(the_id, body);
    RETURN;
  END IF;
  INSERT INTO tillproof_ledger_entries (number, posted_at, xid, id, member, takes, record)
  VALUES (number, moment, pg_current_xact_id(), the_id, the_member, the_takes, plan->>'record');
  IF the_member = 'account' THEN
    UPDATE tillproof_ledger_rules SET version = version + 1, changed_by = pg_current_xact_id();
  ELSE
    INSERT INTO tillproof_ledger_postings (entry, leg, posted_at, xid, account, currency, key, side, pending, amount, occurred_at, recorded_at)
    SELECT number, l.leg, moment, pg_current_xact_id(), l.account, l.currency, l.key, l.side, l.pending, l.amount,
      (body->>'occurred_at')::bigint, (body->>'recorded_at')::bigint
    FROM tillproof_ledger_legs(body) AS l;
  END IF;
  IF the_takes IS NOT NULL THEN
    UPDATE tillproof_ledger_ids AS i SET taken = taken + 1 WHERE i.id = the_takes;
  END IF;
  IF body->>'expires_at' IS NOT NULL THEN
    INSERT INTO tillproof_ledger_holds (id, expires_at) VALUES (the_id, (body->>'expires_at')::bigint);
  END IF;
  status := 'created';
END $$;

-- Posts several records, all or none: an array of answers, or the first that is neither created nor exists, with its place.
CREATE OR REPLACE FUNCTION tillproof_ledger_post(plans json) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  plan json;
  answer record;
  answers json[] := '{}';
  refused json;
BEGIN
  IF json_array_length(plans) = 1 THEN
    SELECT * INTO answer FROM tillproof_ledger_post_one(plans->0);
    RETURN json_build_array(answer);
  END IF;
  BEGIN
    FOR plan IN SELECT * FROM json_array_elements(plans) LOOP
      SELECT * INTO answer FROM tillproof_ledger_post_one(plan);
      IF answer.status NOT IN ('created', 'exists') THEN
        refused := json_build_array(json_build_object('place', cardinality(answers), 'status', answer.status,
          'number', answer.number, 'detail', answer.detail));
        RAISE EXCEPTION USING ERRCODE = 'TP002';
      END IF;
      answers := answers || row_to_json(answer);
    END LOOP;
    RETURN array_to_json(answers);
  EXCEPTION WHEN SQLSTATE 'TP002' THEN
    RETURN refused;
  END;
END $$;

-- Something that stands on an account or beneath it, as "account currency"; nobody posts meanwhile.
CREATE OR REPLACE FUNCTION tillproof_ledger_standing_on(the_account text) RETURNS text LANGUAGE sql AS $$
  SELECT places.account || ' ' || places.currency
  FROM (
    SELECT account, currency FROM tillproof_ledger_balances WHERE key = ''
    UNION
    SELECT p.account, p.currency FROM tillproof_ledger_postings AS p, tillproof_ledger_folds AS f
    WHERE f.one = 1 AND p.posted_at >= f.floor AND NOT pg_visible_in_snapshot(p.xid, f.snapshot)
  ) AS places, tillproof_ledger_folds AS f,
    LATERAL tillproof_ledger_sums(places.account, places.currency, NULL, f.floor) AS sums
  WHERE f.one = 1 AND (places.account = $1 OR starts_with(places.account, $1 || ':'))
    AND (sums.debits <> sums.credits OR sums.pending_debits <> 0 OR sums.pending_credits <> 0)
  ORDER BY 1 LIMIT 1
$$;

-- Whether it is this caller's turn to fold or to seal: one at a time, and in a transaction of its own. Whatever it sees when it has
-- the turn includes all that the one before it did.
CREATE OR REPLACE FUNCTION tillproof_ledger_turn(work text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL OR current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'run this outside of a transaction, at the isolation level READ COMMITTED' USING ERRCODE = 'TP005';
  END IF;
  RETURN pg_try_advisory_xact_lock(hashtextextended('tillproof_ledger/' || work, 0));
END $$;

-- Adds to the balances what seen sees and the last fold did not.
CREATE OR REPLACE FUNCTION tillproof_ledger_fold_to(seen pg_snapshot) RETURNS bigint LANGUAGE plpgsql SET jit = off AS $$
DECLARE
  last pg_snapshot;
  done bigint;
BEGIN
  SELECT f.snapshot INTO last FROM tillproof_ledger_folds AS f;
  WITH fresh AS MATERIALIZED (
    SELECT p.account, p.currency, p.key, p.side, p.pending, p.amount
    FROM tillproof_ledger_entries AS e JOIN tillproof_ledger_postings AS p ON p.entry = e.number AND p.posted_at = e.posted_at
    WHERE (e.xid >= pg_snapshot_xmax(last) OR e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(last)))) AND pg_visible_in_snapshot(e.xid, seen)
  ), spread AS (
    SELECT account, currency, '' AS place, key IS NOT NULL AS keyed, side, pending, amount FROM fresh
    UNION ALL
    SELECT account, currency, key, false, side, pending, amount FROM fresh WHERE key IS NOT NULL
  ), written AS (
    INSERT INTO tillproof_ledger_balances AS b
    SELECT account, currency, place,
      coalesce(sum(amount) FILTER (WHERE side = 'd' AND NOT pending), 0), coalesce(sum(amount) FILTER (WHERE side = 'c' AND NOT pending), 0),
      coalesce(sum(amount) FILTER (WHERE side = 'd' AND pending), 0), coalesce(sum(amount) FILTER (WHERE side = 'c' AND pending), 0),
      coalesce(sum(amount) FILTER (WHERE keyed AND side = 'd' AND NOT pending), 0), coalesce(sum(amount) FILTER (WHERE keyed AND side = 'c' AND NOT pending), 0),
      coalesce(sum(amount) FILTER (WHERE keyed AND side = 'd' AND pending), 0), coalesce(sum(amount) FILTER (WHERE keyed AND side = 'c' AND pending), 0)
    FROM spread GROUP BY account, currency, place
    ON CONFLICT (account, currency, key) DO UPDATE SET
      debits = b.debits + excluded.debits, credits = b.credits + excluded.credits,
      pending_debits = b.pending_debits + excluded.pending_debits, pending_credits = b.pending_credits + excluded.pending_credits,
      keyed_debits = b.keyed_debits + excluded.keyed_debits, keyed_credits = b.keyed_credits + excluded.keyed_credits,
      keyed_pending_debits = b.keyed_pending_debits + excluded.keyed_pending_debits,
      keyed_pending_credits = b.keyed_pending_credits + excluded.keyed_pending_credits
  )
  SELECT count(*) INTO done FROM fresh;
  RETURN done;
END $$;

-- Folds all that is committed; how many postings, or NULL when somebody else is about it.
CREATE OR REPLACE FUNCTION tillproof_ledger_fold() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  over timestamptz;
  seen pg_snapshot;
  done bigint;
BEGIN
  IF NOT tillproof_ledger_turn('fold') THEN
    RETURN NULL;
  END IF;
  -- Months first: in one that was closed before the snapshot, there is nothing the snapshot does not see.
  SELECT max(ends) INTO over FROM tillproof_ledger_months WHERE closed;
  seen := pg_current_snapshot();
  done := tillproof_ledger_fold_to(seen);
  IF done > 0 OR over > (SELECT f.floor FROM tillproof_ledger_folds AS f) THEN
    UPDATE tillproof_ledger_folds AS f SET snapshot = seen, floor = greatest(f.floor, over);
  END IF;
  RETURN done;
END $$;

-- Gives positions and hashes to what seen sees and the last seal did not. What takes from an entry was numbered after that entry was
-- committed, so whoever sees the one sees the other, and in this order.
CREATE OR REPLACE FUNCTION tillproof_ledger_seal_to(seen pg_snapshot) RETURNS bigint LANGUAGE plpgsql SET jit = off AS $$
DECLARE
  last record;
  line record;
  place bigint;
  hash bytea;
BEGIN
  SELECT s.snapshot, s.position, s.head INTO last FROM tillproof_ledger_seals AS s;
  place := last.position;
  FOR line IN
    SELECT e.number, e.posted_at, e.record FROM tillproof_ledger_entries AS e
    WHERE (e.xid >= pg_snapshot_xmax(last.snapshot) OR e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(last.snapshot))))
      AND pg_visible_in_snapshot(e.xid, seen)
    ORDER BY e.number
  LOOP
    place := place + 1;
    hash := sha256(convert_to(concat_ws(E'\n', 'tillproof-ledger-1', place, last.head, line.record), 'UTF8'));
    last.head := encode(hash, 'hex');
    INSERT INTO tillproof_ledger_chain (position, number, posted_at, hash) VALUES (place, line.number, line.posted_at, hash);
  END LOOP;
  IF place > last.position THEN
    UPDATE tillproof_ledger_seals SET position = place, head = last.head, snapshot = seen;
  END IF;
  RETURN place - last.position;
END $$;

-- Seals all that is committed; how many lines, or NULL when somebody else is about it.
CREATE OR REPLACE FUNCTION tillproof_ledger_seal() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF NOT tillproof_ledger_turn('seal') THEN
    RETURN NULL;
  END IF;
  RETURN tillproof_ledger_seal_to(pg_current_snapshot());
END $$;

-- Makes the partitions of this month and of ahead more, and closes those of months that are over for a day. How many it made.
CREATE OR REPLACE FUNCTION tillproof_ledger_partitions(ahead integer, today timestamptz DEFAULT now()) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  first CONSTANT timestamp := date_trunc('month', today AT TIME ZONE 'UTC');
  month record;
  made integer := 0;
  parent text;
  part text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('tillproof_ledger/partitions', 0));
  FOR month IN
    SELECT m AT TIME ZONE 'UTC' AS starts, (m + interval '1 month') AT TIME ZONE 'UTC' AS ends, to_char(m, '_YYYY_MM') AS suffix
    FROM generate_series(first, first + ahead * interval '1 month', interval '1 month') AS m
  LOOP
    INSERT INTO tillproof_ledger_months (starts, ends) VALUES (month.starts, month.ends) ON CONFLICT DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    FOREACH parent IN ARRAY ARRAY['tillproof_ledger_entries', 'tillproof_ledger_postings'] LOOP
      part := parent || month.suffix;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, month.starts, month.ends);
    END LOOP;
    -- Whoever writes past the parent is weighed as well.
    EXECUTE format('CREATE TRIGGER tillproof_ledger_weighed AFTER INSERT ON %I REFERENCING NEW TABLE AS added
      FOR EACH STATEMENT EXECUTE FUNCTION tillproof_ledger_weigh()', part);
    made := made + 1;
  END LOOP;
  FOR month IN
    SELECT m.starts, to_char(m.starts AT TIME ZONE 'UTC', '_YYYY_MM') AS suffix FROM tillproof_ledger_months AS m
    WHERE NOT m.closed AND m.ends < today - interval '1 day' ORDER BY m.starts
  LOOP
    BEGIN
      PERFORM set_config('lock_timeout', '1s', true);
      FOREACH parent IN ARRAY ARRAY['tillproof_ledger_entries', 'tillproof_ledger_postings'] LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT tillproof_ledger_closed CHECK (false) NOT VALID', parent || month.suffix);
      END LOOP;
      UPDATE tillproof_ledger_months AS m SET closed = true WHERE m.starts = month.starts;
    EXCEPTION WHEN lock_not_available THEN
      -- Somebody is still at work there; the next time will do.
      NULL;
    END;
  END LOOP;
  RETURN made;
END $$;

-- After a restore into another server, whose transactions are numbered otherwise: run once, before anything is posted.
CREATE OR REPLACE FUNCTION tillproof_ledger_adopt() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  ceiling bigint;
  moved bigint;
BEGIN
  LOCK TABLE tillproof_ledger_entries, tillproof_ledger_postings IN ACCESS EXCLUSIVE MODE;
  -- All that is here was committed, so a snapshot that sees all of it is folded and sealed.
  SELECT greatest(max(xid::text::bigint), 2) + 1 INTO ceiling FROM tillproof_ledger_entries;
  PERFORM tillproof_ledger_fold_to(format('%s:%s:', ceiling, ceiling)::pg_snapshot);
  PERFORM tillproof_ledger_seal_to(format('%s:%s:', ceiling, ceiling)::pg_snapshot);
  ALTER TABLE tillproof_ledger_entries DISABLE TRIGGER tillproof_ledger_kept;
  ALTER TABLE tillproof_ledger_postings DISABLE TRIGGER tillproof_ledger_kept;
  UPDATE tillproof_ledger_entries SET xid = '3' WHERE xid >= pg_snapshot_xmin(pg_current_snapshot());
  GET DIAGNOSTICS moved = ROW_COUNT;
  UPDATE tillproof_ledger_postings SET xid = '3' WHERE xid >= pg_snapshot_xmin(pg_current_snapshot());
  ALTER TABLE tillproof_ledger_entries ENABLE TRIGGER tillproof_ledger_kept;
  ALTER TABLE tillproof_ledger_postings ENABLE TRIGGER tillproof_ledger_kept;
  UPDATE tillproof_ledger_folds SET snapshot = format('%1$s:%1$s:', pg_snapshot_xmin(pg_current_snapshot()))::pg_snapshot;
  UPDATE tillproof_ledger_seals SET snapshot = format('%1$s:%1$s:', pg_snapshot_xmin(pg_current_snapshot()))::pg_snapshot;
  RETURN moved;
END $$;

-- Compiling a query over many partitions takes longer than running it, so here and above jit is off.
-- What is wrong in the books beside the chain, worst first; no row when all is well.
CREATE OR REPLACE FUNCTION tillproof_ledger_audit() RETURNS TABLE (problem text, number bigint, place text, expected text, found text)
LANGUAGE sql STABLE SET jit = off AS $$
  WITH legs AS (
    SELECT e.number, e.posted_at, l.* FROM tillproof_ledger_entries AS e, tillproof_ledger_legs(e.record::json) AS l
    WHERE e.member = 'entry'
  ), sums AS (
    SELECT account, currency, place, sum(amount) FILTER (WHERE side = 'd' AND NOT pending) AS debits,
      sum(amount) FILTER (WHERE side = 'c' AND NOT pending) AS credits, sum(amount) FILTER (WHERE side = 'd' AND pending) AS pending_debits,
      sum(amount) FILTER (WHERE side = 'c' AND pending) AS pending_credits
    FROM tillproof_ledger_postings AS p, tillproof_ledger_folds AS f, LATERAL (VALUES (''), (p.key)) AS k (place)
    WHERE f.one = 1 AND place IS NOT NULL AND pg_visible_in_snapshot(p.xid, f.snapshot)
    GROUP BY account, currency, place
  )
  SELECT 'posting_differs', coalesce(l.number, p.entry), coalesce(l.account, p.account),
    concat_ws(' ', l.side, l.amount, l.currency, l.key), concat_ws(' ', p.side, p.amount, p.currency, p.key)
  FROM legs AS l FULL JOIN tillproof_ledger_postings AS p ON p.entry = l.number AND p.leg = l.leg AND p.posted_at = l.posted_at
  WHERE (l.account, l.currency, l.key, l.side, l.pending, l.amount) IS DISTINCT FROM (p.account, p.currency, p.key, p.side, p.pending, p.amount)
  UNION ALL
  SELECT 'unbalanced', NULL, currency, '0', sum(CASE side WHEN 'd' THEN amount ELSE -amount END)::text FROM tillproof_ledger_postings
  GROUP BY currency, pending, account LIKE 'Memo:%' HAVING sum(CASE side WHEN 'd' THEN amount ELSE -amount END) <> 0
  UNION ALL
  SELECT 'index_differs', NULL, coalesce(s.account, b.account) || ' ' || coalesce(s.currency, b.currency) || ' ' || coalesce(s.place, b.key),
    concat_ws(' ', s.debits, s.credits, s.pending_debits, s.pending_credits), concat_ws(' ', b.debits, b.credits, b.pending_debits, b.pending_credits)
  FROM sums AS s FULL JOIN tillproof_ledger_balances AS b ON b.account = s.account AND b.currency = s.currency AND b.key = s.place
  WHERE (coalesce(s.debits, 0), coalesce(s.credits, 0), coalesce(s.pending_debits, 0), coalesce(s.pending_credits, 0))
    IS DISTINCT FROM (b.debits, b.credits, b.pending_debits, b.pending_credits)
  UNION ALL
  SELECT 'id_differs', e.number, e.id, i.number::text, e.number::text
  FROM tillproof_ledger_entries AS e LEFT JOIN tillproof_ledger_ids AS i ON i.id = e.id AND i.number = e.number WHERE i.id IS NULL
  UNION ALL
  SELECT 'line_without_entry', c.number, c.position::text, 'an entry', 'nothing'
  FROM tillproof_ledger_chain AS c LEFT JOIN tillproof_ledger_entries AS e ON e.number = c.number AND e.posted_at = c.posted_at
  WHERE e.number IS NULL
  UNION ALL
  SELECT 'entry_without_line', e.number, e.id, 'a line', 'nothing'
  FROM tillproof_ledger_seals AS s, tillproof_ledger_entries AS e LEFT JOIN tillproof_ledger_chain AS c ON c.number = e.number
  WHERE s.one = 1 AND c.number IS NULL AND pg_visible_in_snapshot(e.xid, s.snapshot)
$$;

SELECT tillproof_ledger_partitions(3);
