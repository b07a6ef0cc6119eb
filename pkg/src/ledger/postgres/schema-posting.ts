/**
 * Posting in PostgreSQL: one statement of the caller's transaction.
 *
 * Invariant: a record is written with all its postings or not at all, and no account with a limit falls below it. Each inner
 * statement sees what was committed before it began, so what is read after a stripe was locked is what its last holder left. In
 * a transaction of a stricter isolation level the same lock fails where that is not so.
 */

/** Triggers, and the functions of posting and of reading balances. */
export const POSTING = String.raw`
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
`;
