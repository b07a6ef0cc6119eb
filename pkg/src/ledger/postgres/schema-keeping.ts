/**
 * What a worker does for the books in PostgreSQL: fold, seal, make partitions, and look at the whole.
 *
 * Invariant: each row is folded once and sealed once, whatever order transactions end in. A snapshot says which are done, so
 * that one which stays open for hours holds nobody up, and none is overlooked when it ends.
 */

/** The functions of keeping, and the partitions of the first year. */
export const KEEPING = String.raw`
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
`;
