-- Two-way reconciliation as one query, for DuckDB and PostgreSQL: the breaks that `tillproof reconcile` tells of the same rows.
--
-- It reads two relations, `ledger` and `settlement`, each with these columns (a view gives yours their names):
--   reference text (never empty), id text, type text, amount_minor bigint, currency text, fee_minor bigint, status text,
--   occurred_at timestamp (UTC, without a zone), parent_reference text
-- Where a column does not exist in your data, the view says NULL. `settings` are the moment ages are counted to (NULL: the
-- latest of all rows) and the days that something may be in flight.
--
-- Of payouts, adjustments and types that are not known nothing is told here. `undecided` are the references with several
-- events, which only the engine pairs: hand their rows to it.
WITH settings AS (
  SELECT CAST(NULL AS timestamp) AS as_of, 2 AS in_flight_days
),
-- Words of providers for one state; a word that is not here stands for itself.
words (word, state) AS (
  VALUES
    ('available', 'completed'), ('canceled', 'voided'), ('cancelled', 'voided'), ('captured', 'completed'),
    ('chargeback', 'disputed'), ('charged_back', 'disputed'), ('complete', 'completed'), ('created', 'pending'),
    ('declined', 'failed'), ('in_transit', 'processing'), ('initiated', 'pending'), ('paid', 'completed'),
    ('posted', 'completed'), ('rejected', 'failed'), ('requires_action', 'pending'), ('requires_capture', 'authorized'),
    ('requires_confirmation', 'pending'), ('requires_payment_method', 'pending'), ('returned', 'failed'),
    ('reversed', 'refunded'), ('settled', 'completed'), ('submitted', 'processing'), ('success', 'completed'),
    ('succeeded', 'completed'), ('won', 'completed'),
    ('pending', 'pending'), ('processing', 'processing'), ('failed', 'failed'), ('authorized', 'authorized'),
    ('completed', 'completed'), ('voided', 'voided'), ('expired', 'expired'),
    ('partially_refunded', 'partially_refunded'), ('refunded', 'refunded'), ('disputed', 'disputed'), ('lost', 'lost')
),
-- A state leads to those of a higher rank, over any number of steps, unless it is one that nothing follows.
ways (state, rank, is_last) AS (
  VALUES
    ('pending', 0, false), ('processing', 1, false), ('authorized', 2, false), ('completed', 3, false),
    ('partially_refunded', 4, false), ('disputed', 5, false), ('refunded', 6, true), ('lost', 6, true),
    ('failed', 2, true), ('voided', 3, true), ('expired', 3, true)
),
sides AS (
  SELECT 'm' AS side, reference, id, type, amount_minor, currency, fee_minor, status, occurred_at, parent_reference FROM ledger
  UNION ALL
  SELECT 's', reference, id, type, amount_minor, currency, fee_minor, status, occurred_at, parent_reference FROM settlement
),
records AS (
  SELECT
    side, lower(coalesce(nullif(type, ''), 'charge')) AS type, reference, coalesce(id, '') AS id, amount_minor,
    upper(currency) AS currency, fee_minor, coalesce(words.state, nullif(status, '')) AS state, occurred_at,
    nullif(parent_reference, '') AS parent
  FROM sides LEFT JOIN words ON words.word = lower(status)
),
-- What nearly all rows do is how these files are written.
told AS (
  SELECT
    coalesce(count(fee_minor) FILTER (WHERE side = 'm') * 10 >= nullif(count(*) FILTER (WHERE side = 'm'), 0) * 9, false) AS m_tells,
    coalesce(count(fee_minor) FILTER (WHERE side = 's') * 10 >= nullif(count(*) FILTER (WHERE side = 's'), 0) * 9, false) AS s_tells,
    max(occurred_at) AS latest
  FROM records
),
groups AS (
  SELECT
    type, reference,
    count(*) FILTER (WHERE side = 'm') AS m_rows, count(*) FILTER (WHERE side = 's') AS s_rows,
    min(id) FILTER (WHERE side = 'm') AS m_id, max(id) FILTER (WHERE side = 'm') AS m_id_last,
    min(id) FILTER (WHERE side = 's') AS s_id, max(id) FILTER (WHERE side = 's') AS s_id_last,
    min(amount_minor) FILTER (WHERE side = 'm') AS m_amount, max(amount_minor) FILTER (WHERE side = 'm') AS m_amount_last,
    min(amount_minor) FILTER (WHERE side = 's') AS s_amount, max(amount_minor) FILTER (WHERE side = 's') AS s_amount_last,
    sum(amount_minor) FILTER (WHERE side = 'm') AS m_sum, sum(amount_minor) FILTER (WHERE side = 's') AS s_sum,
    min(currency) FILTER (WHERE side = 'm') AS m_currency, max(currency) FILTER (WHERE side = 'm') AS m_currency_last,
    min(currency) FILTER (WHERE side = 's') AS s_currency, max(currency) FILTER (WHERE side = 's') AS s_currency_last,
    min(fee_minor) FILTER (WHERE side = 'm') AS m_fee, max(fee_minor) FILTER (WHERE side = 'm') AS m_fee_last,
    count(fee_minor) FILTER (WHERE side = 'm') AS m_fees,
    min(fee_minor) FILTER (WHERE side = 's') AS s_fee, max(fee_minor) FILTER (WHERE side = 's') AS s_fee_last,
    count(fee_minor) FILTER (WHERE side = 's') AS s_fees,
    min(state) FILTER (WHERE side = 'm') AS m_state, max(state) FILTER (WHERE side = 'm') AS m_state_last,
    count(state) FILTER (WHERE side = 'm') AS m_states,
    min(state) FILTER (WHERE side = 's') AS s_state, max(state) FILTER (WHERE side = 's') AS s_state_last,
    count(state) FILTER (WHERE side = 's') AS s_states,
    min(occurred_at) FILTER (WHERE side = 'm') AS m_at, max(occurred_at) FILTER (WHERE side = 'm') AS m_at_last,
    count(occurred_at) FILTER (WHERE side = 'm') AS m_times,
    min(occurred_at) FILTER (WHERE side = 's') AS s_at, max(occurred_at) FILTER (WHERE side = 's') AS s_at_last,
    count(occurred_at) FILTER (WHERE side = 's') AS s_times,
    min(parent) AS parent,
    count(*) FILTER (WHERE state IN ('failed', 'voided', 'expired', 'pending', 'processing', 'authorized')) AS unmoved
  FROM records GROUP BY type, reference
),
turned AS (
  SELECT type FROM groups WHERE m_rows = 1 AND s_rows = 1 AND abs(m_amount) = abs(s_amount)
  GROUP BY type
  HAVING count(*) FILTER (WHERE m_amount <> s_amount) >= 3 AND count(*) FILTER (WHERE m_amount <> s_amount) * 2 > count(*)
),
habits AS (
  SELECT
    coalesce(count(*) FILTER (WHERE m_at = s_at) * 2 > count(*), false) AS is_same_instant,
    coalesce(count(*) FILTER (WHERE m_at > s_at) * 2 <= count(*) OR count(*) < 2, true) AS is_in_order
  FROM groups WHERE m_rows = 1 AND s_rows = 1 AND m_at IS NOT NULL AND s_at IS NOT NULL
),
-- Several rows of a side are one event when they share an id and a sign, or have no id and the same content.
counted AS (
  SELECT
    groups.*,
    m_rows <= 1 OR (m_id = m_id_last AND CASE
      WHEN m_id <> '' THEN (m_amount < 0) = (m_amount_last < 0)
      ELSE s_rows <= 1 AND m_amount = m_amount_last AND m_currency = m_currency_last
        AND (m_fees = 0 OR (m_fees = m_rows AND m_fee = m_fee_last))
        AND (m_states = 0 OR (m_states = m_rows AND m_state = m_state_last))
        AND (m_times = 0 OR (m_times = m_rows AND m_at = m_at_last))
    END) AS m_is_one,
    s_rows <= 1 OR (s_id = s_id_last AND CASE
      WHEN s_id <> '' THEN (s_amount < 0) = (s_amount_last < 0)
      ELSE m_rows <= 1 AND s_amount = s_amount_last AND s_currency = s_currency_last
        AND (s_fees = 0 OR (s_fees = s_rows AND s_fee = s_fee_last))
        AND (s_states = 0 OR (s_states = s_rows AND s_state = s_state_last))
        AND (s_times = 0 OR (s_times = s_rows AND s_at = s_at_last))
    END) AS s_is_one,
    CASE WHEN type IN (SELECT type FROM turned) THEN -s_amount ELSE s_amount END AS found_amount,
    coalesce(m_fee, CASE WHEN m_tells THEN 0 END) AS our_fee,
    coalesce(s_fee, CASE WHEN s_tells THEN 0 END) AS their_fee,
    coalesce(settings.as_of, told.latest) AS as_of,
    settings.in_flight_days * INTERVAL '1 day' AS in_flight,
    is_same_instant, is_in_order
  FROM groups CROSS JOIN settings CROSS JOIN told CROSS JOIN habits
  WHERE type IN ('charge', 'refund', 'dispute', 'fee')
),
-- What stands on one side only, while the other side knows its id with the same value, is brought together by the engine,
-- whatever the reference.
strays AS (
  SELECT alone.type, alone.reference
  FROM counted AS alone JOIN records AS other
    ON other.type = alone.type AND other.id = coalesce(m_id, s_id) AND other.currency = coalesce(m_currency, s_currency)
      AND other.amount_minor = coalesce(m_amount, s_amount)
  WHERE (s_rows = 0 AND other.side = 's' OR m_rows = 0 AND other.side = 'm') AND other.id <> ''
),
-- A fee in a row of its own may be that of a payment whose row tells none.
fees_apart AS (
  SELECT DISTINCT coalesce(parent, reference) AS payment FROM counted WHERE type = 'fee' AND (m_rows = 0 OR s_rows = 0)
),
judged AS (
  SELECT
    counted.*,
    CASE
      WHEN strays.reference IS NOT NULL OR (counted.type = 'charge' AND fees_apart.payment IS NOT NULL) THEN 'undecided'
      WHEN counted.type = 'fee' AND (m_rows = 0 OR s_rows = 0)
        AND coalesce(parent, counted.reference) IN (SELECT reference FROM counted WHERE type = 'charge') THEN 'undecided'
      WHEN NOT (m_is_one AND s_is_one) THEN CASE
        WHEN counted.type <> 'charge' OR unmoved > 0 OR m_id = '' OR s_id = '' OR m_rows > 2 OR s_rows > 2
          OR (m_rows = 2 AND m_id = m_id_last) OR (s_rows = 2 AND s_id = s_id_last) THEN 'undecided'
        WHEN (m_rows = 0 OR (m_amount = m_amount_last AND m_currency = m_currency_last))
          AND (s_rows = 0 OR (s_amount = s_amount_last AND s_currency = s_currency_last))
          AND (m_rows <> 1 AND s_rows <> 1 OR (m_amount = s_amount AND m_currency = s_currency)) THEN 'duplicate_charge'
        WHEN m_currency <> m_currency_last OR s_currency <> s_currency_last OR m_currency <> s_currency THEN 'undecided'
        WHEN m_rows = 0 OR s_rows = 0 THEN 'reference_collision'
        WHEN m_rows = 1 AND m_amount IN (s_amount, s_amount_last) THEN 'reference_collision'
        WHEN s_rows = 1 AND s_amount IN (m_amount, m_amount_last) THEN 'reference_collision'
        WHEN m_rows = 2 AND s_rows = 2 AND m_sum <> s_sum THEN 'reference_collision'
        ELSE 'undecided'
      END
      WHEN m_rows > 1 AND (m_amount <> m_amount_last OR m_currency <> m_currency_last) THEN 'idempotency_conflict'
      WHEN m_rows > 1 THEN 'duplicate_record_m'
      WHEN s_rows > 1 THEN 'duplicate_record_s'
      WHEN s_rows = 0 AND m_state = 'authorized' THEN CASE WHEN m_at + INTERVAL '7 days' < as_of THEN 'hold_not_closed' END
      WHEN s_rows = 0 AND m_state IN ('pending', 'processing') THEN CASE WHEN m_at + INTERVAL '7 days' < as_of THEN 'stuck' END
      WHEN s_rows = 0 AND unmoved > 0 THEN NULL
      WHEN s_rows = 0 AND m_at + in_flight >= as_of THEN 'in_flight'
      WHEN s_rows = 0 THEN 'missing_in_settlement'
      WHEN m_rows = 0 THEN 'missing_in_mirror'
      WHEN m_currency <> s_currency THEN 'currency_mismatch'
      WHEN m_amount = -found_amount AND m_amount <> 0 THEN 'sign_suspect'
      WHEN m_amount <> found_amount
        AND (abs(s_amount) % nullif(abs(m_amount), 0) = 0
          AND round(CAST(abs(s_amount) AS double precision) / abs(m_amount)) IN (10, 100, 1000, 10000)
          OR abs(m_amount) % nullif(abs(s_amount), 0) = 0
          AND round(CAST(abs(m_amount) AS double precision) / abs(s_amount)) IN (10, 100, 1000, 10000)) THEN 'scale_suspect'
      WHEN m_amount <> found_amount THEN 'amount_mismatch'
      WHEN our_fee <> their_fee AND our_fee <> 0 AND their_fee <> 0 THEN 'fee_mismatch'
      WHEN our_fee <> their_fee AND our_fee = 0 THEN 'fee_unexpected'
      WHEN our_fee <> their_fee THEN 'fee_missing'
      WHEN m_state <> s_state THEN CASE
        WHEN ours.rank < theirs.rank AND NOT ours.is_last THEN 'status_stale'
        WHEN m_state IN ('pending', 'processing', 'authorized') OR s_state IN ('pending', 'processing', 'authorized') THEN 'illegal_transition'
        ELSE 'status_mismatch'
      END
      WHEN s_at > m_at + in_flight AND s_at > m_at + INTERVAL '1 day' THEN 'late'
      WHEN is_same_instant AND date_trunc('day', m_at) <> date_trunc('day', s_at)
        AND (date_trunc('month', m_at) <> date_trunc('month', s_at)
          OR date_trunc('day', m_at) - m_at = date_trunc('day', s_at) - s_at) THEN 'period_shift'
      WHEN s_at + INTERVAL '60 seconds' < m_at THEN CASE WHEN is_in_order THEN 'early' END
      WHEN date_trunc('month', m_at) <> date_trunc('month', s_at)
        AND greatest(m_at, s_at) <= least(m_at, s_at) + INTERVAL '6 hours' THEN 'period_shift'
    END AS kind
  FROM counted
    LEFT JOIN ways AS ours ON ours.state = m_state
    LEFT JOIN ways AS theirs ON theirs.state = s_state
    LEFT JOIN (SELECT DISTINCT type, reference FROM strays) AS strays
      ON strays.type = counted.type AND strays.reference = counted.reference
    LEFT JOIN fees_apart ON fees_apart.payment = counted.reference
)
-- Where more was settled than was booked, a reversal under the same name may make up for it, which the engine looks into.
SELECT
  CASE
    WHEN kind IN ('amount_mismatch', 'scale_suspect') AND type = 'charge' AND s_amount > m_amount AND EXISTS (
      SELECT 1 FROM records AS other
      WHERE other.side = 's' AND other.type <> 'charge'
        AND (other.reference IN (judged.reference, judged.s_id) OR other.parent IN (judged.reference, judged.s_id))
        AND other.currency = judged.s_currency AND abs(other.amount_minor) = judged.s_amount - judged.m_amount
    ) THEN 'undecided'
    ELSE kind
  END AS kind,
  type, reference, coalesce(m_currency, s_currency) AS currency,
  CASE
    WHEN m_rows = 0 OR m_currency <> m_currency_last THEN NULL
    WHEN kind IN ('fee_mismatch', 'fee_unexpected', 'fee_missing') THEN coalesce(m_fee, 0)
    ELSE m_sum
  END AS expected_minor,
  CASE
    WHEN s_rows = 0 OR s_currency <> s_currency_last THEN NULL
    WHEN kind IN ('fee_mismatch', 'fee_unexpected', 'fee_missing') THEN coalesce(s_fee, 0)
    ELSE s_sum
  END AS found_minor,
  CASE WHEN m_currency = m_currency_last AND s_currency = s_currency_last AND m_currency = s_currency THEN CASE
    WHEN kind IN ('fee_mismatch', 'fee_unexpected', 'fee_missing') THEN coalesce(s_fee, 0) - coalesce(m_fee, 0)
    ELSE s_sum - m_sum
  END END AS difference_minor,
  CASE WHEN kind = 'in_flight' THEN m_at + in_flight END AS due,
  m_rows AS ledger_rows, s_rows AS settlement_rows
FROM judged
WHERE kind IS NOT NULL
ORDER BY reference, kind;
