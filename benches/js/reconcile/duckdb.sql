COPY (
  WITH rows AS (
    SELECT 0 AS side, * FROM read_csv('{ledger}', header = true, auto_detect = false, delim = ',', quote = '', escape = '', columns = {columns})
    UNION ALL
    SELECT 1 AS side, * FROM read_csv('{settlement}', header = true, auto_detect = false, delim = ',', quote = '', escape = '', columns = {columns})
  ), groups AS (
  SELECT reference, count(*) FILTER (side=0) AS m, count(*) FILTER (side=1) as s,
    min(id) FILTER (side=0) as mid, max(id) FILTER (side=0) as mid2,
    min(amount_minor) FILTER (side=0) as ma, min(amount_minor) FILTER (side=1) as sa
   FROM rows group by reference)
  SELECT * FROM groups WHERE m<>1 or s<>1 or ma<>sa
) TO '{out}' (HEADER);
