"""The job in DuckDB: types told and not guessed, which is its fastest reader. by_duckdb.py LEDGER SETTLEMENT OUT AS_OF THREADS [MEMORY]"""

import sys

import duckdb

ledger, settlement, out, as_of, threads, *memory = sys.argv[1:]
con = duckdb.connect(config={"threads": int(threads), **({"memory_limit": memory[0]} if memory else {})})
columns = (
    "{id: 'VARCHAR', reference: 'VARCHAR', amount_minor: 'BIGINT', currency: 'VARCHAR', fee_minor: 'BIGINT', "
    "status: 'VARCHAR', occurred_at: 'TIMESTAMP'}"
)
for name, path in (("m", ledger), ("s", settlement)):
    con.execute(
        f"CREATE TEMP TABLE {name} AS SELECT * FROM read_csv('{path}', header = true, auto_detect = false, "
        f"delim = ',', quote = '', escape = '', new_line = '\\n', columns = {columns})"
    )
con.execute(f"""
COPY (
  WITH twice AS (
    SELECT reference, min(side) AS side, min(id) = max(id) AS is_one_event
    FROM (
      SELECT 'm' AS side, reference, id FROM m WHERE reference IN (SELECT reference FROM m GROUP BY 1 HAVING count(*) > 1)
      UNION ALL
      SELECT 's', reference, id FROM s WHERE reference IN (SELECT reference FROM s GROUP BY 1 HAVING count(*) > 1)
    ) GROUP BY reference
  ), found AS (
    SELECT reference,
      CASE
        WHEN twice.side IS NOT NULL AND NOT is_one_event THEN 'duplicate_charge'
        WHEN twice.side IS NOT NULL THEN 'duplicate_record_' || twice.side
        WHEN s.reference IS NULL AND m.occurred_at + INTERVAL 2 DAY >= TIMESTAMP '{as_of}' THEN 'in_flight'
        WHEN s.reference IS NULL THEN 'missing_in_settlement'
        WHEN m.reference IS NULL THEN 'missing_in_mirror'
        WHEN m.currency <> s.currency THEN 'currency_mismatch'
        WHEN m.amount_minor <> s.amount_minor THEN 'amount_mismatch'
        WHEN m.fee_minor <> s.fee_minor THEN 'fee_mismatch'
        WHEN m.status <> s.status AND (m.status, s.status) IN
          (('succeeded', 'refunded'), ('succeeded', 'disputed'), ('disputed', 'refunded')) THEN 'status_stale'
        WHEN m.status <> s.status THEN 'status_mismatch'
        WHEN s.occurred_at > m.occurred_at + INTERVAL 2 DAY THEN 'late'
      END AS kind,
      m.id AS our_id, m.amount_minor AS our_amount, m.currency AS our_currency, m.fee_minor AS our_fee,
      m.status AS our_status, m.occurred_at AS our_time,
      s.id AS their_id, s.amount_minor AS their_amount, s.currency AS their_currency, s.fee_minor AS their_fee,
      s.status AS their_status, s.occurred_at AS their_time
    FROM m FULL JOIN s USING (reference) LEFT JOIN twice USING (reference)
  )
  SELECT DISTINCT ON (reference) * FROM found WHERE kind IS NOT NULL
) TO '{out}' (HEADER)
""")
